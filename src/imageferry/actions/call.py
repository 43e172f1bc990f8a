"""What a handler has to work with: who calls, and the services below."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from imageferry.actions.image_error_codes import INVALID_REGION_ID_NOT_FOUND
from imageferry.buckets.interface import Store
from imageferry.database.connection import Database
from imageferry.settings import Settings
from imageferry.tasks.model import Origin
from imageferry.telemetry import tracing


@dataclass(frozen=True)
class Services:
    """What is below the actions.

    Attributes:
        settings: How the service is set up.
        database: The tasks, images and accounts.
        store: The buckets.
        discard: Takes the catalogue's files of a deleted image away.
        endpoint: The address that regions are said to have, ``host:port``.
        find_oss_endpoint: Tells the address of the OSS API, ``host:port``.
    """

    settings: Settings
    database: Database
    store: Store
    discard: Callable[[str], None]
    endpoint: str
    find_oss_endpoint: Callable[[], str]


@dataclass(frozen=True)
class Call:
    """One authenticated request.

    Attributes:
        account_id: The account whose key signed it.
        request_id: The id it is logged and answered with.
        services: What is below the actions.
        access_key_id: The credentials that it came with.
        expires: When those run out, UTC, where they do.
    """

    account_id: str
    request_id: str
    services: Services
    access_key_id: str
    expires: datetime | None = None

    @property
    def database(self) -> Database:
        """The tasks, images and accounts."""
        return self.services.database

    @property
    def settings(self) -> Settings:
        """How the service is set up."""
        return self.services.settings

    @property
    def origin(self) -> Origin:
        """What a task keeps of this request, so that the worker's lines and spans go with it."""
        return Origin(self.request_id, tracing.current())

    def write(self) -> AbstractContextManager[sa.Connection]:
        """A durable transaction in which no other call changes what the account has.

        Names, quotas and client tokens are an account's: what is found of them
        in the transaction holds until its end.
        """
        return self.database.write_alone(self.account_id)

    def check_region(self, region_id: str) -> None:
        """Make sure that the service answers for the region.

        Raises:
            ServiceError: ``InvalidRegionId.NotFound``.
        """
        if region_id not in self.settings.regions:
            known = ", ".join(self.settings.regions)
            raise INVALID_REGION_ID_NOT_FOUND.error(
                f"RegionId is {shorten(region_id)}; use one of {known}."
            )


def shorten(value: Any, length: int = 80) -> str:
    """A caller's value as it is shown in a message: quoted, and not longer than fits."""
    text = str(value)
    return repr(text if len(text) <= length else text[:length] + "…")
