"""What keeps a process of the service from starting and can be said in a sentence."""

from __future__ import annotations

import sqlalchemy as sa

from imageferry.database.schema import SchemaError
from imageferry.engine.worker import WorkerLockedError
from imageferry.imaging.errors import ImageError
from imageferry.settings import SettingError

START_FAILURES = (
    SettingError,
    SchemaError,
    WorkerLockedError,
    ImageError,
    OSError,
    sa.exc.ArgumentError,
    sa.exc.OperationalError,
)
