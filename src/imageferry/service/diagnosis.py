"""What an operator wants to know of an installation when something is wrong, as checks.

The checks change nothing, whatever they find; :func:`repair` removes leftovers.
"""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from imageferry.database import schema
from imageferry.database.connection import Database
from imageferry.engine import leftovers
from imageferry.imaging.errors import ImageError
from imageferry.imaging.qemu_img import QemuImg
from imageferry.service import local
from imageferry.service.installation import free_space, open_installation
from imageferry.settings import Settings

GIB = 2**30
FEW_BYTES = 20 * GIB
TOO_FEW_BYTES = GIB
_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class State(StrEnum):
    """What came of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What it is.
        state: Whether it is as it should be.
        finding: What was found, as a sentence.
        remedy: What to do about it; empty where nothing is to be done.
    """

    name: str
    state: State
    finding: str
    remedy: str = ""


def checks(settings: Settings) -> Iterator[Check]:
    """Look at the installation on this machine."""
    yield _qemu_img(settings)
    if not settings.data_dir.is_dir():
        yield Check(
            "data folder",
            State.WARNING,
            f"{settings.data_dir.absolute()} does not exist.",
            "`imageferry serve` makes it; or name another one with --data-dir.",
        )
        return
    yield _data_folder(settings)
    yield _privacy(settings)
    yield _free_space(settings)
    database = _database(settings)
    yield database
    if database.state is State.OK:
        yield _leftovers(settings)


def repair(settings: Settings) -> int:
    """Remove the leftovers, and return how many there were."""
    installation = open_installation(settings)
    try:
        found = leftovers.find(installation.database, installation.catalogue, installation.scratch)
        leftovers.remove(found, installation.catalogue)
        return len(found.scratch) + len(found.catalogue)
    finally:
        installation.database.close()


def _qemu_img(settings: Settings) -> Check:
    try:
        found = QemuImg.find(settings.qemu_img)
    except ImageError as error:
        return Check("qemu-img", State.FAILED, error.detail, error.kind.remedy)
    return Check("qemu-img", State.OK, f"{found.path} is version {found.version()}.")


def _data_folder(settings: Settings) -> Check:
    folder = settings.data_dir.absolute()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0")
    except OSError as error:
        return Check(
            "data folder",
            State.FAILED,
            f"{folder} cannot be written to: {error.strerror}.",
            "Run as the user that owns it, or mend its permissions and its disk.",
        )
    return Check("data folder", State.OK, f"{folder} can be written to.")


def _privacy(settings: Settings) -> Check:
    folder = settings.data_dir.absolute()
    if stat.S_IMODE(folder.stat().st_mode) & _OF_OTHERS:
        return Check(
            "privacy",
            State.WARNING,
            f"Other users of this machine can look into {folder}.",
            f"chmod 700 {folder}",
        )
    return Check("privacy", State.OK, "Only its owner can look into the data folder.")


def _free_space(settings: Settings) -> Check:
    free = free_space(settings)
    finding = f"{free / GIB:.1f} GiB are free in the data folder."
    if free >= FEW_BYTES:
        return Check("free space", State.OK, finding)
    state = State.WARNING if free >= TOO_FEW_BYTES else State.FAILED
    return Check(
        "free space",
        state,
        finding,
        "Delete images or objects, or move the data folder to a larger disk.",
    )


def _database(settings: Settings) -> Check:
    if not local.exists(settings):
        return Check(
            "database", State.WARNING, "There is none yet.", "`imageferry serve` makes it."
        )
    try:
        current = _is_current(settings)
    except sa.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error))
        return Check(
            "database",
            State.FAILED,
            f"It does not open: {reason}.",
            "Check the setting database_url, or restore the database from a backup.",
        )
    if not current:
        return Check(
            "database",
            State.WARNING,
            "Its tables are those of another version of imageferry.",
            "The next start of `imageferry serve` brings older ones up to date.",
        )
    return Check("database", State.OK, "It opens, and its tables are up to date.")


def _is_current(settings: Settings) -> bool:
    database = Database(settings.resolved_database_url)
    try:
        with database.read() as connection:
            applied = MigrationContext.configure(connection).get_current_heads()
    finally:
        database.close()
    return set(applied) == set(ScriptDirectory(str(schema.MIGRATIONS)).get_heads())


def _leftovers(settings: Settings) -> Check:
    installation = open_installation(settings)
    try:
        found = leftovers.find(installation.database, installation.catalogue, installation.scratch)
    finally:
        installation.database.close()
    if not found:
        return Check("leftovers", State.OK, "Every file belongs to a task or an image.")
    return Check(
        "leftovers",
        State.WARNING,
        f"{len(found.scratch)} folders of tasks and {len(found.catalogue)} disks belong to nobody.",
        "`imageferry doctor --repair` removes them.",
    )
