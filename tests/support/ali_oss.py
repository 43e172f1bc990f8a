"""The official OSS client on Node.js, ``ali-oss``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support import node
from support.oss_ways import Way
from support.service import REGION, Service

DEFAULT_WAY = Way()


class AliOss:
    """A client, whose methods are called by name."""

    def __init__(self, process: node.NodeProcess) -> None:
        """Take over the process of ``ali_oss.js``."""
        self._process = process

    def call(self, method: str, /, *arguments: Any) -> Any:
        """What a method returns; of its response only the status and the headers.

        Bytes go in by `buffer` and come out by `content`, a stream goes in by `stream`.

        Raises:
            RefusedError: the method throws.
        """
        return self._process.ask({"method": method, "arguments": arguments})


def buffer(content: bytes) -> dict[str, Any]:
    """Bytes as an argument."""
    return {"type": "Buffer", "data": list(content)}


def content(result: dict[str, Any]) -> bytes:
    """The bytes that ``get`` returns."""
    return bytes(result["content"]["data"])


def stream(path: Path) -> dict[str, str]:
    """A stream of a file as an argument: its length is not told to the client."""
    return {"stream": str(path)}


@contextmanager
def ali_oss(service: Service, bucket: str, way: Way = DEFAULT_WAY, **key: str) -> Iterator[AliOss]:
    """A client of a service's bucket, which need not be there.

    Args:
        service: The service.
        bucket: The bucket.
        way: How it signs, and where it names the bucket.
        key: ``accessKeyId``, ``accessKeySecret`` and ``stsToken``, where the key is not the
            first account's.
    """
    own = {
        "accessKeyId": service.access_key_id,
        "accessKeySecret": service.access_key_secret,
    }
    oss = {
        # The client presigns for hosts that have a name, never for an address.
        "endpoint": way.endpoint(service).replace("127.0.0.1", "localhost"),
        "sldEnable": way.path_style,
        "authorizationV4": way.version == "v4",
        "region": f"oss-{REGION}",
        "bucket": bucket,
        **own,
        **key,
    }
    settings = {"oss": oss, "sts": {"endpoint": service.ecs, **own}}
    with node.started("ali_oss.js", settings) as process:
        yield AliOss(process)
