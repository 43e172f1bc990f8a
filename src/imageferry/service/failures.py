"""What keeps a process of the service from starting and can be said in a sentence."""

from __future__ import annotations

import sqlalchemy as sa

from imageferry.buckets.interface import StoreError
from imageferry.database.schema import SchemaError
from imageferry.engine.worker import WorkerLockedError
from imageferry.imaging.errors import ImageError
from imageferry.settings import SettingError

START_FAILURES = (
    SettingError,
    SchemaError,
    WorkerLockedError,
    ImageError,
    StoreError,
    OSError,
    sa.exc.ArgumentError,
    sa.exc.OperationalError,
)


def sentence(error: Exception) -> str:
    """What one of them says to whoever starts the process: what is wrong, and what to look at."""
    if isinstance(error, sa.exc.ArgumentError):
        return (
            "IMAGEFERRY_DATABASE_URL cannot be used: give postgresql://USER:PASSWORD@HOST/NAME, or "
            "nothing for SQLite in the data folder."
        )
    if isinstance(error, sa.exc.OperationalError):
        reason = " ".join(str(error.orig).split()).rstrip("?.")
        return f"The database does not open: {reason}. Check it, and IMAGEFERRY_DATABASE_URL."
    if isinstance(error, StoreError):
        text = str(error)
        return (
            f"{text[:1].upper()}{text[1:]}. Check it, and IMAGEFERRY_IMAGES_URL, "
            "IMAGEFERRY_BUCKETS_URL and IMAGEFERRY_BUCKET_BACKENDS."
        )
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}. Check its disk, or IMAGEFERRY_DATA_DIR."
    return str(error)
