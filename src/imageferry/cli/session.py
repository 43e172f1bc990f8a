"""What a verb works with: the clients of the two APIs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from imageferry.cli import connection
from imageferry.cli.client import EcsClient
from imageferry.cli.connection import Connection
from imageferry.cli.options import Invocation

if TYPE_CHECKING:
    from imageferry.cli.objects import Objects


class Session:
    """The clients, made when they are first asked for.

    Args:
        invocation: What the command line said.
    """

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation

    @cached_property
    def connection(self) -> Connection:
        """Where the service is, and the key."""
        return connection.find(self._invocation.settings())

    @cached_property
    def ecs(self) -> EcsClient:
        """The client of the ECS API."""
        return EcsClient(self.connection)

    @cached_property
    def objects(self) -> Objects:
        """The client of the OSS API."""
        from imageferry.cli.objects import Objects  # noqa: PLC0415 - its SDK is slow to import

        return Objects(self.connection)
