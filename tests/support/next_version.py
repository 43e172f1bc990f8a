"""A version of imageferry that comes after this one: its source, with what a next one may change.

It has one more migration, by which tasks get a column and a table of their own, and other steps:
imports have one more, with a phase that this version does not know, and checkpoints mean something
else. What stays as it is, both versions have in common.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import imageferry
from imageferry.database import schema
from support.nursery import Nursery
from support.service import Process

SOURCE = Path(imageferry.__file__).parent

MIGRATION = '''
"""What images weigh, and who made a task."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    op.add_column("tasks", sa.Column("made_by", sa.Text, nullable=True))
    op.create_table(
        "task_weights",
        sa.Column(
            "task_id",
            sa.String(32),
            sa.ForeignKey("tasks.task_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("weight", sa.BigInteger, nullable=False),
    )
'''

TABLES = """
    sa.Column("made_by", sa.Text),
    sqlite_autoincrement=True,
)

task_weights = sa.Table(
    "task_weights",
    metadata,
    sa.Column("task_id", sa.ForeignKey("tasks.task_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("weight", sa.BigInteger, nullable=False),
)
"""

STEP = '''
    async def weigh(self) -> None:
        """Note what every disk weighs."""
        from imageferry.database.upsert import upsert
        from imageferry.tasks.tables import task_weights

        self._ownership.enter(Phase.WEIGH)
        await asyncio.sleep(1)
        for disk in self._image.disks:
            key = {"task_id": self._ownership.task.task_id, "position": disk.position}
            weight = {"weight": self._context.catalogue.head(self._image.key(disk)).size}
            with self._ownership.recording(disk.position, DiskStatus.PROCESSING) as connection:
                upsert(connection, task_weights, key | weight)

    async def publish(self) -> None:
'''

CHANGES: Mapping[str, tuple[str, str]] = {
    "engine/queue.py": (r'ENGINE_VERSION = "\d+"', 'ENGINE_VERSION = "next"'),
    "engine/checkpoints.py": (r"\n_VERSION = \d+", "\n_VERSION = 1000"),
    "engine/steps.py": (r'(IMPORT_IMAGE: \("transfer", "verify"),', r'\1, "weigh",'),
    "engine/new_image.py": (r"\n    async def publish\(self\) -> None:\n", STEP),
    "tasks/model.py": (
        r'\n    VERIFY = "verify"\n',
        '\n    VERIFY = "verify"\n    WEIGH = "weigh"\n',
    ),
    "tasks/tables.py": (r"\n    sqlite_autoincrement=True,\n\)\n(?=\ntask_disks)", TABLES),
    "tasks/transitions.py": (r'(\n {12}cancel_reason="",\n)', r'\1            made_by="next",\n'),
}
"""For each module of the source what is replaced, a regular expression, and by what."""


class NextVersion:
    """A version that comes after this one.

    Attributes:
        migrations: The folder of its migrations.
        steps: What it calls its steps.

    Args:
        folder: Where its source is.
        quick: What starts its processes.
    """

    steps = "next"

    def __init__(self, folder: Path, quick: Nursery) -> None:
        self.migrations = folder / SOURCE.name / "database" / "migrations"
        self._folder = folder
        self._quick = quick

    def launch(
        self, arguments: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> Process:
        """Start a process of it."""
        return self._quick.launch(arguments, self._of_its_own(environment), log)

    def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> str:
        """Carry a command of it out, and return what it says.

        Raises:
            subprocess.CalledProcessError: it fails.
        """
        command = [sys.executable, "-m", "imageferry", *arguments]
        ended = subprocess.run(
            command,
            env=self._of_its_own(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        return ended.stdout

    def _of_its_own(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        return {**environment, "PYTHONPATH": str(self._folder)}


@contextmanager
def next_version(folder: Path) -> Iterator[NextVersion]:
    """Make the next version in a folder; its processes end with the context."""
    shutil.copytree(SOURCE, folder / SOURCE.name)
    _add_migration(folder / SOURCE.name / "database" / "migrations" / "versions")
    for module, (found, replacement) in CHANGES.items():
        _change(folder / SOURCE.name / module, found, replacement)
    quick = Nursery(environment={**os.environ, "PYTHONPATH": str(folder)})
    try:
        yield NextVersion(folder, quick)
    finally:
        quick.end()


def _add_migration(versions: Path) -> None:
    before = schema.newest()
    revision = f"{int(before) + 1:04}"
    content = MIGRATION.format(revision=revision, before=before)
    (versions / f"{revision}_weights.py").write_text(content.lstrip())


def _change(module: Path, found: str, replacement: str) -> None:
    content, times = re.subn(found, replacement, module.read_text())
    assert times == 1, f"{found} is {times} times in {module}"
    module.write_text(content)
