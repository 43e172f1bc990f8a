"""How OSS clients sign, and where they name the bucket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from support.service import Service

_DOMAIN = "oss.test"


@dataclass(frozen=True)
class Way:
    """One way to send requests.

    Attributes:
        version: The signature's version, ``v1`` or ``v4``.
        path_style: Whether the bucket is named in the path; otherwise in the host's name.
    """

    version: str = "v1"
    path_style: bool = True

    def endpoint(self, service: Service) -> str:
        """The address of the service, under a name that bears buckets if they are named there."""
        if self.path_style:
            return service.oss
        return f"http://{_DOMAIN}:{service.oss.rpartition(':')[2]}"


WAYS = {
    "v1-path": Way("v1", path_style=True),
    "v1-host": Way("v1", path_style=False),
    "v4-path": Way("v4", path_style=True),
    "v4-host": Way("v4", path_style=False),
}


@contextmanager
def buckets_as_hosts() -> Iterator[None]:
    """Let the names of buckets' hosts lead here, for clients in this process."""
    look_up = socket.getaddrinfo

    def here(host: Any, *arguments: Any, **options: Any) -> Any:
        mine = isinstance(host, str) and host.endswith(f".{_DOMAIN}")
        return look_up("127.0.0.1" if mine else host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", here)
        yield
