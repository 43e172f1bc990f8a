"""The addresses that callers are told."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

from imageferry.service.installation import addresses_file
from imageferry.settings import Settings

_PORT = re.compile(r":\d+$")


def oss_endpoint(settings: Settings, ecs_host: str) -> str:
    """Where a caller finds the OSS API, as ``host:port``.

    It is the setting's address, or else beside the ECS API, at the host by which
    the caller found that: a service that listens on every address of a machine
    does not know which of them the caller can reach.

    Args:
        settings: How the service is set up.
        ecs_host: The Host header of the caller's request to the ECS API.
    """
    if settings.oss_endpoint:
        return urlsplit(settings.oss_endpoint).netloc
    return f"{_PORT.sub('', ecs_host)}:{settings.oss_port or _chosen_port(settings)}"


def _chosen_port(settings: Settings) -> int:
    """The port that the running service took where the setting left it free."""
    addresses: dict[str, str] = json.loads(addresses_file(settings).read_text())
    port = urlsplit(addresses["OSS"]).port
    assert port is not None  # noqa: S101 - the service writes its ports
    return port
