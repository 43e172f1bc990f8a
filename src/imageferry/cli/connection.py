"""Where the service is, and which key to sign with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from imageferry.cli.errors import MissingKeyError
from imageferry.settings import Settings

ADDRESSES_FILE = "addresses.json"
CREDENTIALS_FILE = "credentials.json"
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognized, not bound


@dataclass(frozen=True)
class Connection:
    """What it takes to call the service.

    Attributes:
        ecs, oss: The endpoints, as ``http://host:port``.
        access_key_id, access_key_secret: The key.
        region: The region to work in.
        data_dir: Where a local service has its data, for what is told to the user.
    """

    ecs: str
    oss: str
    access_key_id: str
    access_key_secret: str
    region: str
    data_dir: Path


def find(settings: Settings) -> Connection:
    """Put together what the settings say and what a local service has left in its data folder.

    Raises:
        MissingKeyError: there is no access key.
    """
    ecs, oss = endpoints(settings)
    access_key_id, access_key_secret = _key(settings)
    return Connection(
        ecs=ecs,
        oss=oss,
        access_key_id=access_key_id,
        access_key_secret=access_key_secret,
        region=settings.default_region,
        data_dir=settings.data_dir,
    )


def endpoints(settings: Settings) -> tuple[str, str]:
    """Where the ECS and the OSS API are.

    An OSS endpoint that is not given belongs to an ECS endpoint that is: it
    is on the same host, not on this machine's own service.
    """
    if settings.ecs_endpoint:
        ecs = settings.ecs_endpoint
        parts = urlsplit(ecs)
        beside = _url(parts.scheme, parts.hostname or "", settings.oss_port)
    else:
        announced = _read(settings.data_dir / ADDRESSES_FILE)
        host = _ANY_ADDRESS.get(settings.host, settings.host)
        ecs = announced.get("ECS") or _url("http", host, settings.ecs_port)
        beside = announced.get("OSS") or _url("http", host, settings.oss_port)
    return ecs, settings.oss_endpoint or beside


def _url(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _key(settings: Settings) -> tuple[str, str]:
    given = settings.access_key_id, settings.access_key_secret
    if all(given):
        return given
    if any(given):
        raise MissingKeyError("An access key id and its secret belong together: give both.")
    path = settings.data_dir / CREDENTIALS_FILE
    stored = _read(path)
    if not stored:
        raise MissingKeyError(
            "There is no access key. Set IMAGEFERRY_ACCESS_KEY_ID and "
            "IMAGEFERRY_ACCESS_KEY_SECRET, or name the data folder of a service on this machine "
            f"with --data-dir ({path.absolute()} does not exist; `imageferry serve` makes it)."
        )
    return stored["AccessKeyId"], stored["AccessKeySecret"]


def _read(path: Path) -> dict[str, str]:
    """A file that the service wrote; empty where there is none.

    Raises:
        MissingKeyError: it is there and cannot be read by this user.
    """
    try:
        content: dict[str, str] = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise MissingKeyError(f"{path} cannot be read: {error}.") from None
    return content
