"""Whether this process can serve, and what keeps it from that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import sqlalchemy as sa

from imageferry.accounts import access_keys
from imageferry.buckets.interface import StoreError
from imageferry.database import schema
from imageferry.service.installation import Installation

KEPT_SECONDS = 2.0
"""How old the answer may be, so that whoever asks often does not keep the stores busy."""

OK = "ok"


@dataclass(frozen=True)
class Readiness:
    """What was found.

    Attributes:
        parts: For each part that serving needs ``ok``, or what is wrong with it.
    """

    parts: Mapping[str, str]

    @property
    def ready(self) -> bool:
        """Whether calls can be served."""
        return all(found == OK for found in self.parts.values())

    @property
    def document(self) -> dict[str, object]:
        """The answer to ``GET /readyz``."""
        return {"status": "ready" if self.ready else "not ready", "parts": dict(self.parts)}


def look(installation: Installation) -> Readiness:
    """Look at all parts at once."""
    parts: Mapping[str, Callable[[], None]] = {
        "database": lambda: _ask_database(installation),
        "schema": lambda: schema.check(installation.database),
        "buckets": installation.store.check,
        "images": installation.image_store.check,
    }
    with ThreadPoolExecutor(len(parts)) as threads:
        return Readiness(dict(zip(parts, threads.map(_found, parts.values()), strict=True)))


def _found(look_at: Callable[[], None]) -> str:
    try:
        look_at()
    except sa.exc.SQLAlchemyError as error:
        # The text may have the address and the user.
        return type(error).__name__
    except (schema.SchemaError, StoreError, OSError) as error:
        return str(error)
    return OK


def _ask_database(installation: Installation) -> None:
    with installation.database.read() as connection:
        access_keys.first_account(connection)
