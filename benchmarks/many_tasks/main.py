"""Pages of long lists: what they cost beside a short list, beside the limit, beside Glance.

Two API processes are asked over connections that stay open, with requests that were signed
beforehand. The limit is what the same processes reach with ``/healthz``, which asks nothing of
the database and needs no signature.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.many_tasks.glance import glance
from benchmarks.many_tasks.load import Load, plain_get, send, signed_lists
from benchmarks.many_tasks.rows import APART, fill
from imageferry.accounts import access_keys
from imageferry.database.connection import Database
from support.postgresql import postgresql_server
from support.service import Service, services

FEW = 1000
PAGE = 10
PROCESSES = 2
GLANCE_TASKS = (1000, 100_000)
GLANCE_REQUESTS = 60
WARMING = 40
"""Requests of each process before any are measured: statements are put together by then."""

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is measured.

    Attributes:
        tasks: How many tasks the account has.
        others: How many the other accounts have.
        requests: How many requests are sent for each figure.
        with_glance: Whether Glance is measured too; it is installed where it is not.
    """

    tasks: int = 100_000
    others: int = 0
    requests: int = 1000
    with_glance: bool = False


def run(options: Options) -> None:
    """Measure on both databases, and print a table of each."""
    if options.with_glance:
        _print("Glance, 2 processes", [_glance(tasks) for tasks in GLANCE_TASKS])
    for name in (SQLITE, POSTGRESQL):
        few = _measure(name, FEW, 0, options.requests)
        many = _measure(name, options.tasks, options.others, options.requests)
        lines = [line.beside(few) for line in (*few, *many)]
        _print(f"DescribeTasks on {name}, {PROCESSES} API processes, {PAGE} tasks a page", lines)


@dataclass(frozen=True)
class _Line:
    """A line of a table.

    Attributes:
        tasks: How many tasks the list's owner has.
        title: Which list.
        load: What came of asking for it.
        times_few: How many times as long as the same list, or the first page, of few tasks.
    """

    tasks: int
    title: str
    load: Load
    times_few: float | None = None

    def beside(self, few: Sequence[_Line]) -> _Line:
        """The line with its ratio."""
        title = "first page" if self.title.endswith("page") else self.title
        rates = {line.title: line.load.rate for line in few}
        return replace(self, times_few=rates[title] / self.load.rate)


def _print(title: str, lines: Sequence[_Line]) -> None:
    table = Table(title=title)
    for column in ("tasks", "list", "a second", "median ms", "times few"):
        table.add_column(column, justify="left" if column == "list" else "right")
    for line in lines:
        ratio = "" if line.times_few is None else f"{line.times_few:.2f}"
        rate, median = f"{line.load.rate:.0f}", f"{line.load.median * 1000:.1f}"
        table.add_row(f"{line.tasks:,}", line.title, rate, median, ratio)
    Console().print(table)


def _measure(name: str, tasks: int, others: int, requests: int) -> Sequence[_Line]:
    with _apis(name) as (apis, database):
        with database.read() as connection:
            account = access_keys.first_account(connection)
        assert account is not None
        fill(database, account, tasks, others)
        urls = [api.ecs for api in apis]
        send(urls, signed_lists(apis[0], {}, WARMING * PROCESSES))
        limit = send(urls, [plain_get(f"{urls[0]}/healthz")] * requests)
        return [
            _Line(tasks, "the limit: /healthz", limit),
            *(
                _Line(tasks, title, send(urls, signed_lists(apis[0], parameters, requests)))
                for title, parameters in _lists(tasks, tasks + others).items()
            ),
        ]


def _lists(tasks: int, all_tasks: int) -> Mapping[str, Mapping[str, object]]:
    """The parameters of each list. Every third task has an image of its own."""
    last, age = tasks // PAGE, APART * all_tasks
    moment = datetime.now(UTC)
    times = {
        "StartTime": f"{moment - 0.6 * age:%Y-%m-%dT%H:%MZ}",
        "EndTime": f"{moment - 0.3 * age:%Y-%m-%dT%H:%MZ}",
    }
    ids = ",".join(f"t-{10**9 + all_tasks * number // 100}" for number in range(1, 101))
    return {
        "first page": {},
        "second page": {"PageNumber": 2},
        "middle page": {"PageNumber": last // 2},
        "last page": {"PageNumber": last},
        "Failed": {"TaskStatus": "Failed"},
        "Failed, its middle": {"TaskStatus": "Failed", "PageNumber": last * 7 // 202},
        "Processing (none)": {"TaskStatus": "Processing"},
        "ExportImage": {"TaskAction": "ExportImage"},
        "between two times": times,
        "between two times, its middle": {**times, "PageNumber": last * 3 // 20},
        "100 task ids": {"TaskIds": ids},
        "an image": {"ResourceIds.1": f"m-{10**9 + all_tasks // 6}"},
    }


@contextmanager
def _apis(name: str) -> Iterator[tuple[Sequence[Service], Database]]:
    """Two API processes of one installation, and their database."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=Path.cwd())))
        start = stack.enter_context(services(folder))
        settings: dict[str, Any] = {"log_level": "warning"}
        url = f"sqlite:///{folder / 'tasks.db'}"
        if name == POSTGRESQL:
            # On the disk, with the settings that it comes with but for its memory.
            on_disk = Path(tempfile.gettempdir())
            server = postgresql_server({"shared_buffers": "1GB"}, place=on_disk)
            server_of = stack.enter_context(server)
            url = server_of.url(server_of.create())
        settings["database_url"] = url
        apis = [start("--no-worker", **settings) for _ in range(PROCESSES)]
        database = Database(url)
        stack.callback(database.close)
        yield apis, database


def _glance(tasks: int) -> _Line:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name, glance(Path(name), tasks) as url:
        request = plain_get(f"{url}?limit={PAGE}")
        send([url], [request] * WARMING)
        return _Line(tasks, "first page", send([url], [request] * GLANCE_REQUESTS))
