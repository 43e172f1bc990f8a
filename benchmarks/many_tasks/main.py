"""Pages of long lists: what they cost beside a short list, beside the limit, beside Glance.

Two API processes are asked over connections that stay open, with requests that were signed
beforehand. The limit is what the same processes reach with ``/healthz``, which asks nothing of
the database and needs no signature.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.many_tasks.glance import glance
from benchmarks.many_tasks.load import plain_get, send, signed_lists
from benchmarks.many_tasks.rows import APART, fill
from benchmarks.many_tasks.table import Line, Progress, print_table
from benchmarks.process_tree import ProcessTree
from imageferry.accounts import access_keys
from imageferry.database.connection import Database
from support.postgresql import PostgreSQLServer, postgresql_server
from support.service import Service, services

FEW = 1000
PAGE = 10
PROCESSES = 2
GLANCE_TASKS = (1000, 100_000)
GLANCE_REQUESTS = 60
WARMING = 400
"""Requests of each list before it is measured: every connection to the database has its statements
prepared by then."""

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
DATABASES = (SQLITE, POSTGRESQL)

_ON_DISK = {"shared_buffers": "1GB", "max_wal_size": "8GB", "max_parallel_workers_per_gather": "0"}
"""The settings that PostgreSQL comes with, but for its memory and for what would only let the
filling be slower, or let one request take both processors."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is measured.

    Attributes:
        tasks: How many tasks the account has.
        rows: How many there are of all accounts; of that one alone where it is fewer.
        requests: How many requests are sent for each figure at the most.
        databases: Which of :data:`DATABASES`.
        with_glance: Whether Glance is measured too; it is installed where it is not.
    """

    tasks: int = 100_000
    rows: int = 0
    requests: int = 1000
    databases: Sequence[str] = DATABASES
    with_glance: bool = False


def run(options: Options) -> None:
    """Measure, and print a table of each database."""
    progress = Progress()
    if options.with_glance:
        lines = [_glance(tasks, progress.within("Glance")) for tasks in GLANCE_TASKS]
        print_table("Glance, 2 processes", lines)
    for name in options.databases:
        within = progress.within(name)
        few = _measure(name, FEW, FEW, options.requests, within)
        many = _measure(name, options.tasks, options.rows, options.requests, within)
        lines = [line.beside(few) for line in (*few, *many)]
        print_table(
            f"DescribeTasks on {name}, {PROCESSES} API processes, {PAGE} tasks a page", lines
        )


@dataclass(frozen=True)
class _Installation:
    """What is measured: two API processes and the server of their database, if it has one."""

    apis: Sequence[Service]
    database: Database
    server: PostgreSQLServer | None

    @property
    def urls(self) -> Sequence[str]:
        """Where the processes answer."""
        return [api.ecs for api in self.apis]

    def seconds(self) -> tuple[float, float, float]:
        """The processor time so far of the API processes, of that server, and of this process."""
        service = sum(ProcessTree.below(api.process.pid).cpu_seconds() for api in self.apis)
        return service, self._server_seconds(), time.process_time()

    def _server_seconds(self) -> float:
        if self.server is None:
            return 0.0
        pid = int(self.server.pid_file.read_text().splitlines()[0])
        return ProcessTree.below(pid).cpu_seconds()


def _measure(name: str, tasks: int, rows: int, requests: int, progress: Progress) -> Sequence[Line]:
    with _installation(name) as installation:
        database, api = installation.database, installation.apis[0]
        with database.read() as connection:
            account = access_keys.first_account(connection)
        assert account is not None
        others = max(0, rows - tasks)
        fill(database, account, tasks, others, progress.tell)

        def line(title: str, make: Callable[[int], Sequence[bytes]]) -> Line:
            measured = _line(installation, tasks, title, make, requests)
            progress.tell(str(measured))
            return measured

        limit = plain_get(f"{api.ecs}/healthz")
        return [
            line("the limit: /healthz", lambda count: [limit] * count),
            *(
                line(title, partial(signed_lists, api, given))
                for title, given in _lists(tasks, tasks + others).items()
            ),
        ]


def _line(
    installation: _Installation,
    tasks: int,
    title: str,
    make: Callable[[int], Sequence[bytes]],
    requests: int,
) -> Line:
    """Measure one list, once it is warm."""
    send(installation.urls, make(min(requests, WARMING)))
    ready = make(requests)
    before = installation.seconds()
    load = send(installation.urls, ready)
    after = installation.seconds()
    each = [(end - begin) / load.answered for begin, end in zip(before, after, strict=True)]
    return Line(tasks, title, load, *each)


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
def _installation(name: str) -> Iterator[_Installation]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=Path.cwd())))
        start = stack.enter_context(services(folder))
        settings: dict[str, Any] = {"log_level": "warning"}
        url, server = f"sqlite:///{folder / 'tasks.db'}", None
        if name == POSTGRESQL:
            on_disk = Path(tempfile.gettempdir())
            server = stack.enter_context(postgresql_server(_ON_DISK, place=on_disk))
            url = server.url(server.create())
        settings["database_url"] = url
        apis = [start("--no-worker", **settings) for _ in range(PROCESSES)]
        database = Database(url)
        stack.callback(database.close)
        yield _Installation(apis, database, server)


def _glance(tasks: int, progress: Progress) -> Line:
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as name,
        glance(Path(name), tasks) as (url, pid),
    ):
        requests = [plain_get(f"{url}?limit={PAGE}")] * GLANCE_REQUESTS
        send([url], requests)
        before = ProcessTree.below(pid).cpu_seconds()
        load = send([url], requests)
        cost = (ProcessTree.below(pid).cpu_seconds() - before) / load.answered
        line = Line(tasks, "first page", load, cost)
        progress.tell(str(line))
        return line
