"""A client of the ECS API: signed requests made of plain values."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import urllib3

from imageferry.cli.connection import Connection
from imageferry.cli.errors import ApiError, UnreachableError
from imageferry.signing import acs_v3

VERSION = "2014-05-26"
_TIMEOUT = urllib3.Timeout(connect=10, read=120)


class EcsClient:
    """Calls actions of the ECS API.

    Args:
        connection: Where the API is, and the key.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._http = urllib3.PoolManager(retries=False, timeout=_TIMEOUT)

    def close(self) -> None:
        """Close every connection."""
        self._http.clear()

    def call(self, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action and return its reply.

        Args:
            action: The action's name.
            parameters: Values by their names on the wire. Lists and mappings are
                spelt out as the API wants them, ``None`` is left out; the region
                is added.

        Raises:
            ApiError: the API refused.
            UnreachableError: it does not answer, or something else answers.
        """
        values = {"RegionId": self._connection.region, **parameters}
        request = acs_v3.sign(
            access_key_id=self._connection.access_key_id,
            access_key_secret=self._connection.access_key_secret,
            host=urlsplit(self._connection.ecs).netloc,
            action=action,
            version=VERSION,
            date=datetime.now(UTC),
            nonce=secrets.token_hex(16),
            form=tuple(wire_parameters(values)),
        )
        try:
            reply = self._http.request(
                request.method, self._connection.ecs, body=request.body, headers=request.headers
            )
        except urllib3.exceptions.HTTPError as error:
            raise unreachable(self._connection, "ECS", self._connection.ecs, error) from error
        return _body(self._connection, reply)


def wire_parameters(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The API's own spelling of nested values: ``Tag.1.Key``."""
    for name, value in values.items():
        yield from _spell(name, value)


def _spell(name: str, value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case None:
            return
        case bool():
            yield name, "true" if value else "false"
        case Mapping():
            for key, part in value.items():
                yield from _spell(f"{name}.{key}", part)
        case Sequence() if not isinstance(value, str):
            for position, part in enumerate(value, start=1):
                yield from _spell(f"{name}.{position}", part)
        case _:
            yield name, str(value)


def _body(connection: Connection, reply: urllib3.BaseHTTPResponse) -> dict[str, Any]:
    try:
        body = reply.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or "RequestId" not in body:
        raise UnreachableError(
            f"What answers at {connection.ecs} is not the ECS API (status {reply.status}): "
            "check --ecs-endpoint."
        )
    if reply.status == HTTPStatus.OK:
        return body
    raise ApiError(
        code=body.get("Code", ""),
        message=body.get("Message", ""),
        recommend=body.get("Recommend", ""),
        request_id=body["RequestId"],
        status=reply.status,
    )


def unreachable(
    connection: Connection, api: str, endpoint: str, error: Exception
) -> UnreachableError:
    """The error of a service that does not answer: it says what to start.

    Args:
        connection: What was found out about the service.
        api: Which API it is.
        endpoint: Its address.
        error: What happened.
    """
    return UnreachableError(
        f"The {api} API does not answer at {endpoint} ({type(error).__name__}). Start the service "
        f"with `imageferry serve --data-dir {connection.data_dir}`, or say where it is with "
        f"--{api.lower()}-endpoint."
    )
