"""What an operator wants to know of an installation when something is wrong, as checks.

The checks change nothing, whatever they find; :func:`repair` removes leftovers.
"""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import sqlalchemy as sa

from imageferry.database import schema
from imageferry.database.connection import Database
from imageferry.database.metadata import now
from imageferry.database.schema import Standing
from imageferry.engine import leftovers, presence, stuck_tasks
from imageferry.engine.leftovers import StagedLeftover
from imageferry.engine.queue import TaskQueue
from imageferry.engine.worker import sweep_store
from imageferry.images import missing
from imageferry.imaging.errors import ImageError
from imageferry.imaging.qemu_img import QemuImg
from imageferry.service import local
from imageferry.service.installation import Installation, free_space, open_installation
from imageferry.settings import Settings
from imageferry.tasks import queries as tasks
from imageferry.tasks.model import TaskAction

GIB = 2**30
SHOWN = 5
"""Ids that are named; the rest is counted."""

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
        with closing(open_installation(settings)) as installation:
            yield _images(installation)
            yield _leftovers(installation)
            yield _tasks(installation)
            if not installation.database.is_sqlite:
                yield _workers(installation)


def repair(settings: Settings) -> int:
    """Remove leftovers, set stuck tasks going, and return how many there were of both.

    Uploads and files in the making that nobody has touched for a day are leftovers too.
    """
    with closing(open_installation(settings)) as installation:
        found = leftovers.find(installation.database, installation.catalogue, installation.scratch)
        leftovers.remove(found, installation.catalogue)
        staged = _staged(installation)
        leftovers.remove_staged(staged)
        with closing(TaskQueue(installation.database)) as queue:
            stuck = {
                **stuck_tasks.find(installation.database, queue),
                **_uncleaned(installation, queue),
            }
            stuck_tasks.repair(installation.database, queue, stuck)
        swept = sum(
            sweep_store(store, installation.database)
            for store in (installation.store, installation.image_store)
        )
        return len(found.scratch) + len(found.catalogue) + len(staged) + len(stuck) + swept


def _staged(installation: Installation) -> Sequence[StagedLeftover]:
    """Uploads of tasks that have ended."""
    buckets = leftovers.every_bucket(installation.store, installation.catalogue)
    return leftovers.find_staged(installation.database, buckets)


def _uncleaned(installation: Installation, queue: TaskQueue) -> Mapping[str, TaskAction]:
    """Ended tasks of which a store that was away keeps something that is to go."""
    return stuck_tasks.find_uncleaned(installation.database, queue, now())


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
        standing = _standing(settings)
    except sa.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error))
        return Check(
            "database",
            State.FAILED,
            f"It does not open: {reason}.",
            "Check IMAGEFERRY_DATABASE_URL, or restore the database from a backup.",
        )
    if standing is Standing.OLDER:
        return Check(
            "database",
            State.WARNING,
            "Its tables are those of an older version of imageferry.",
            "The next start of `imageferry serve` or `imageferry worker` brings them up to date.",
        )
    if standing is Standing.NEWER:
        return Check(
            "database",
            State.FAILED,
            "Its tables are those of a newer version of imageferry: this one does not start here.",
            "Install the newer imageferry on this machine too.",
        )
    return Check("database", State.OK, "It opens, and its tables are up to date.")


def _standing(settings: Settings) -> Standing:
    with (
        closing(Database(settings.resolved_database_url)) as database,
        database.read() as connection,
    ):
        return schema.standing(connection)


def _images(installation: Installation) -> Check:
    odd = missing.find(installation.database, installation.catalogue)
    if not odd:
        return Check("images", State.OK, "The disks of every image are in the catalogue.")
    return Check(
        "images",
        State.FAILED,
        f"{len(odd)} images have a disk that is not in the catalogue, or of another size: "
        f"{', '.join(odd[:SHOWN])}.",
        "Restore the disks from a backup, or delete the images and import them again.",
    )


def _leftovers(installation: Installation) -> Check:
    found = leftovers.find(installation.database, installation.catalogue, installation.scratch)
    staged = _staged(installation)
    with closing(TaskQueue(installation.database)) as queue:
        uncleaned = _uncleaned(installation, queue)
    if not (found or staged or uncleaned):
        return Check(
            "leftovers", State.OK, "Every file and every upload belongs to a task or an image."
        )
    return Check(
        "leftovers",
        State.WARNING,
        f"{len(found.scratch)} folders of tasks, {len(found.catalogue)} disks and {len(staged)} "
        f"uploads belong to nobody; {len(uncleaned)} tasks could not be cleaned up after.",
        "`imageferry doctor --repair` removes the former, and lets a worker try the latter again.",
    )


def _tasks(installation: Installation) -> Check:
    with closing(TaskQueue(installation.database)) as queue:
        stuck = stuck_tasks.find(installation.database, queue)
    if not stuck:
        return Check("tasks", State.OK, "Every task that is not done is in the queue.")
    return Check(
        "tasks",
        State.FAILED,
        f"{len(stuck)} tasks are not in the queue, so no worker will take them up: "
        f"{', '.join(sorted(stuck)[:SHOWN])}.",
        "`imageferry doctor --repair` puts them there.",
    )


def _workers(installation: Installation) -> Check:
    silent_for = timedelta(seconds=installation.settings.worker_timeout_seconds)
    with installation.database.read() as connection:
        alive = presence.count_since(connection, now() - silent_for)
        waiting = len(tasks.active(connection))
    if alive or not waiting:
        return Check("workers", State.OK, f"{alive} workers give signs of life.")
    return Check(
        "workers",
        State.FAILED,
        f"No worker gives signs of life, and {waiting} tasks are not done.",
        "Start `imageferry worker` on some machine.",
    )
