"""What is shown of a test that fails: what its services and workers said, and their tasks.

A plugin of pytest. A failure that comes once in a thousand runs has to be understood from the
output of that one run.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from imageferry.database.connection import Database
from imageferry.settings import ENVIRONMENT_PREFIX

LINES = 60
TASKS = 5
ANSWERED = '"event": "request_answered"'
"""What a log says of each look at a task."""

_TASKS = sa.text(f"SELECT * FROM tasks ORDER BY sequence DESC LIMIT {TASKS}")
_EVENTS = sa.text("SELECT * FROM task_events WHERE task_id = :task_id ORDER BY sequence")


@dataclass
class _Process:
    """A process of the service.

    Attributes:
        log: The file that has what it says.
        database_url: Its database.
        seen: How much of the log there was when the test began.
    """

    log: Path
    database_url: str
    seen: int = 0

    def size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def said(self) -> str:
        """The end of what it said since the test began."""
        with self.log.open("rb") as file:
            file.seek(self.seen)
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join([line for line in lines if ANSWERED not in line][-LINES:])


_processes: dict[Path, _Process] = {}


def remember(log: Path, environment: Mapping[str, str]) -> None:
    """Let a process of the service be looked at when a test fails.

    Args:
        log: The file that has what it says.
        environment: Its environment.
    """
    data_dir = environment[f"{ENVIRONMENT_PREFIX}DATA_DIR"]
    url = environment.get(f"{ENVIRONMENT_PREFIX}DATABASE_URL")
    _processes.setdefault(log, _Process(log, url or f"sqlite:///{data_dir}/imageferry.db"))


def pytest_runtest_setup() -> None:
    """Note what was said before the test."""
    for log, process in list(_processes.items()):
        process.seen = process.size()
        if not log.exists():
            del _processes[log]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a failure what there is to see."""
    report = yield
    if report.failed:
        report.sections.extend(_sections())
    return report


def _sections() -> Iterator[tuple[str, str]]:
    concerned = [process for process in _processes.values() if process.size() > process.seen]
    for process in concerned:
        yield f"end of {process.log}", process.said()
    for url in {process.database_url: None for process in concerned}:
        yield f"tasks of {url}", _tasks(url)


def _tasks(url: str) -> str:
    """The newest tasks, and what happened to them."""
    database = Database(url)
    try:
        with database.read() as connection:
            lines = []
            for task in connection.execute(_TASKS).mappings():
                lines.append(str(dict(task)))
                events = connection.execute(_EVENTS, {"task_id": task["task_id"]}).mappings()
                lines += [f"  {dict(event)}" for event in events]
        return "\n".join(lines)
    except sa.exc.SQLAlchemyError as error:
        return str(error)
    finally:
        database.close()
