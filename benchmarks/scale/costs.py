"""What one import costs, counted while a real one runs on PostgreSQL and an S3 server.

The cost has three parts: what every import costs however small it is, what each second costs
in which one runs, and what each worker costs while it has nothing to do. So a small import, a
large one and an idle worker are measured, and the parts are reckoned from them.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path

import psutil
import psycopg
import urllib3
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.disk import make_raw_disk
from support.cluster import Cluster, Worker, cluster
from support.postgresql import PostgreSQLServer, postgresql_server
from support.seaweedfs import s3_server
from support.service import Service, until

MIB, GIB = 2**20, 2**30
BUCKET = "benchmark"
SMALL_BYTES = MIB
SMALL_IMPORTS = 10
SETTLING_SECONDS = 2.0
"""PostgreSQL's sessions tell what they did up to a second later."""

_WORK = """
SELECT xact_commit + xact_rollback, pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
       tup_inserted + tup_updated + tup_deleted, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')
FROM pg_stat_database WHERE datname = current_database()
"""


@dataclass(frozen=True)
class Counts:
    """What was counted, from some beginning on or in some time.

    Attributes:
        seconds: The time.
        reads: Transactions of the database that only read.
        writes: Those that write.
        rows: Rows that were added, changed or removed.
        log_bytes: Bytes of the database's write-ahead log.
        store_requests: Requests to the object store.
        store_bytes: Bytes of objects, read and written.
        worker_seconds: Processor time of the worker with the programs that it has run.
        database_seconds: Processor time of PostgreSQL.
    """

    seconds: float = 0
    reads: float = 0
    writes: float = 0
    rows: float = 0
    log_bytes: float = 0
    store_requests: float = 0
    store_bytes: float = 0
    worker_seconds: float = 0
    database_seconds: float = 0

    def plus(self, other: Counts, times: float = 1) -> Counts:
        """This, and the other so many times."""
        names = [item.name for item in fields(Counts)]
        return Counts(*(getattr(self, name) + getattr(other, name) * times for name in names))

    def a_second(self) -> Counts:
        """What a second of it costs."""
        return Counts().plus(self, 1 / self.seconds)


NOTHING = Counts()


@dataclass(frozen=True)
class Costs:
    """The parts of the cost of imports.

    Attributes:
        fixed: What each import costs beside its bytes.
        running: What a second costs in which one runs and moves bytes.
        idle: What a second of a worker costs that has nothing to do.
        gib: What moving a GiB of data costs.
    """

    fixed: Counts
    running: Counts
    idle: Counts
    gib: Counts


def measure(large_bytes: int) -> Costs:
    """Count what imports cost here.

    Args:
        large_bytes: The data of the large import.
    """
    with _place() as place:
        idle = place.counted(lambda: time.sleep(10)).a_second()
        small = place.imports("small", SMALL_BYTES, SMALL_IMPORTS, idle)
        large = place.imports("large", large_bytes, 1, idle)
    rest = large.plus(small, -1)
    return Costs(
        fixed=small,
        running=rest.a_second(),
        idle=idle,
        gib=Counts().plus(rest, GIB / (large_bytes - SMALL_BYTES)),
    )


class _Place:
    """A service of one API and one worker, and what counts their work."""

    def __init__(self, running: Cluster, postgresql: PostgreSQLServer, folder: Path) -> None:
        self._folder = folder
        self._url = running.database_url
        self._postmaster = int(postgresql.pid_file.read_text().split()[0])
        self._api: Service = running.start_api()
        self._worker: Worker = running.start_worker(metrics_port=0, worker_slots=1)
        self._metrics = until(self._find_metrics, 60, "The worker's metrics")
        self._finished = 0

    def imports(self, key: str, size: int, count: int, idle: Counts) -> Counts:
        """What an import of so many random bytes costs, on the average, beside the idling."""
        path = self._folder / key
        make_raw_disk(path, virtual_size=size, data_size=size)
        self._api.put(BUCKET, key, path)
        path.unlink()

        def work() -> None:
            for _ in range(count):
                self._import(key)

        return Counts().plus(self.counted(work, idle), 1 / count)

    def counted(self, work: Callable[[], object], idle: Counts = NOTHING) -> Counts:
        """What there was to count while work was done, without what idling costs anyway.

        An idle worker asks the database all the time, and a busy machine lets it ask less often:
        the reads tell how much idling there was.
        """
        time.sleep(SETTLING_SECONDS)
        before = self._counts()
        work()
        seconds = time.monotonic() - before.seconds
        time.sleep(SETTLING_SECONDS)
        found = self._counts().plus(before, -1)
        idling = found.reads / idle.reads if idle.reads else 0.0
        return replace(found.plus(idle, -idling), seconds=seconds)

    def _import(self, key: str) -> None:
        self._api.import_image(BUCKET, key)
        self._finished += 1
        # The API is not asked: its answers would be counted.
        until(
            lambda: self._worker.log.read_text().count('"task_finished"') >= self._finished,
            600,
            "The end of an import",
        )

    def _counts(self) -> Counts:
        with psycopg.connect(self._url) as connection:
            row = connection.execute(_WORK).fetchone()
        assert row is not None
        transactions, writes, rows, log_bytes = map(float, row)
        requests, moved = self._asked_of_store()
        return Counts(
            time.monotonic(),
            transactions - writes,
            writes,
            rows,
            log_bytes,
            requests,
            moved,
            _processor_seconds(self._worker.process.pid),
            _processor_seconds(self._postmaster),
        )

    def _asked_of_store(self) -> tuple[float, float]:
        text = urllib3.request("GET", self._metrics, retries=False).data.decode()
        sums = {"imageferry_store_requests": 0.0, "imageferry_store_bytes": 0.0}
        for family in text_string_to_metric_families(text):
            if family.name in sums:
                sums[family.name] = sum(sample.value for sample in family.samples)
        return sums["imageferry_store_requests"], sums["imageferry_store_bytes"]

    def _find_metrics(self) -> str:
        for line in self._worker.log.read_text().splitlines():
            if '"metrics_shown"' in line:
                shown = json.loads(line)
                return f"http://127.0.0.1:{shown['port']}/metrics"
        return ""


@contextmanager
def _place() -> Iterator[_Place]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=Path.cwd())))
        # As it is deployed: with every write on the disk before it counts.
        postgresql = stack.enter_context(postgresql_server({}))
        (folder / "store").mkdir()
        store = stack.enter_context(s3_server(folder / "store"))
        url = stack.enter_context(postgresql.copy_of("template1"))
        running = stack.enter_context(cluster(folder, url, store, verify="structure"))
        yield _Place(running, postgresql, folder)


def _processor_seconds(pid: int) -> float:
    """The processor time of a process and of its children, those that have ended included."""
    process = psutil.Process(pid)
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total
