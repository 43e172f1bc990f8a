"""PUT and GET of one large and of many small objects, beside SeaweedFS's S3 port.

Both servers are real processes that keep their data in folders of one disk. Both
get the same requests from the same client: URLs that the vendor's own SDK has
presigned beforehand, sent by urllib3 over one connection. The SDKs themselves are
left out of the times: they need much of the processor, each a different amount,
so that the ratios would be theirs.
"""

from __future__ import annotations

import secrets
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import alibabacloud_oss_v2 as oss
import urllib3
from rich.console import Console
from rich.table import Table

from benchmarks.process_tree import ProcessTree
from support.seaweedfs import S3Server, s3_server
from support.service import Service, services

MIB = 2**20
BUCKET = "benchmark"
SMALL_SIZE = 4096
OURS, THEIRS = "imageferry", "SeaweedFS"

Presign = Callable[[str, str], str]
"""Makes the URL that a method (``PUT``, ``GET``) of a key is asked for by."""


@dataclass(frozen=True)
class Contender:
    """One of the two servers.

    Attributes:
        name: What the table calls it.
        presign: Makes its URLs.
        processes: What it runs as.
    """

    name: str
    presign: Presign
    processes: ProcessTree


@dataclass(frozen=True)
class Workload:
    """The same work for both servers, done again and again.

    Attributes:
        name: What the table calls it.
        size: The bytes that it moves.
        prepare: Makes, for a server and a round, what does the work.
    """

    name: str
    size: int
    prepare: Callable[[Contender, int], Callable[[], None]]


@dataclass(frozen=True)
class Result:
    """What one server needed for one workload: medians of the rounds, the memory's maximum."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def run(*, large_size: int = 2**30, small_count: int = 1000, rounds: int = 3) -> None:
    """Measure both servers in turn and print one table.

    Args:
        large_size: The large object's size in bytes.
        small_count: How many small objects there are.
        rounds: How often each workload is run on each server.
    """
    with _workplace(large_size) as (contenders, large):
        table = _table()
        for workload in _workloads(large, small_count):
            ours, theirs = _measure(workload, contenders, rounds)
            _add_rows(table, workload, ours, theirs)
        Console().print(table)


@contextmanager
def _workplace(large_size: int) -> Iterator[tuple[Sequence[Contender], Path]]:
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as name,
        services(Path(name)) as start,
        s3_server(Path(name)) as s3,
    ):
        large = Path(name, "large")
        with large.open("wb") as file:
            for _ in range(large_size // MIB):
                file.write(secrets.token_bytes(MIB))
        service = start()
        service.make_bucket(BUCKET)
        s3.client.create_bucket(Bucket=BUCKET)
        ours = Contender(OURS, _oss_presign(service), ProcessTree.below(service.process.pid))
        yield [ours, Contender(THEIRS, _s3_presign(s3), ProcessTree.named("weed"))], large


def _oss_presign(service: Service) -> Presign:
    requests = {"PUT": oss.PutObjectRequest, "GET": oss.GetObjectRequest}

    def presign(method: str, key: str) -> str:
        url: str = service.objects.presign(requests[method](bucket=BUCKET, key=key)).url
        return url

    return presign


def _s3_presign(server: S3Server) -> Presign:
    operations = {"PUT": "put_object", "GET": "get_object"}

    def presign(method: str, key: str) -> str:
        parameters = {"Bucket": BUCKET, "Key": key}
        url: str = server.client.generate_presigned_url(operations[method], Params=parameters)
        return url

    return presign


def _workloads(large: Path, small_count: int) -> list[Workload]:
    size = large.stat().st_size
    content = secrets.token_bytes(SMALL_SIZE)

    def put_large(contender: Contender, number: int) -> Callable[[], None]:
        url = contender.presign("PUT", f"large-{number}")
        return lambda: _put_file(url, large)

    def get_large(contender: Contender, number: int) -> Callable[[], None]:
        url = contender.presign("GET", f"large-{number}")
        return lambda: _get_large(url, size)

    def put_small(contender: Contender, number: int) -> Callable[[], None]:
        urls = [contender.presign("PUT", f"small-{number}/{i}") for i in range(small_count)]
        return lambda: _put_small(urls, content)

    def get_small(contender: Contender, number: int) -> Callable[[], None]:
        urls = [contender.presign("GET", f"small-{number}/{i}") for i in range(small_count)]
        return lambda: _get_small(urls, content)

    one, many = f"of {size // MIB} MiB", f"of {small_count} x {SMALL_SIZE // 1024} KiB"
    return [
        Workload(f"PUT {one}", size, put_large),
        Workload(f"GET {one}", size, get_large),
        Workload(f"PUT {many}", small_count * SMALL_SIZE, put_small),
        Workload(f"GET {many}", small_count * SMALL_SIZE, get_small),
    ]


def _put_file(url: str, path: Path) -> None:
    headers = {"Content-Length": str(path.stat().st_size)}
    with _client() as http, path.open("rb") as body:
        _check(http.request("PUT", url, body=body, headers=headers))


def _get_large(url: str, size: int) -> None:
    with _client() as http:
        reply = http.request("GET", url, preload_content=False)
        received = sum(map(len, reply.stream(MIB)))
        _check(reply)
    if received != size:
        raise RuntimeError(f"{received} bytes came in place of {size}.")


def _put_small(urls: Sequence[str], content: bytes) -> None:
    with _client() as http:
        for url in urls:
            _check(http.request("PUT", url, body=content))


def _get_small(urls: Sequence[str], content: bytes) -> None:
    with _client() as http:
        for url in urls:
            reply = http.request("GET", url)
            _check(reply)
            if reply.data != content:
                raise RuntimeError(f"{url} has another content than was put there.")


def _client() -> urllib3.PoolManager:
    return urllib3.PoolManager(maxsize=1, retries=False, blocksize=MIB)


def _check(reply: urllib3.BaseHTTPResponse) -> None:
    if reply.status != HTTPStatus.OK:
        raise RuntimeError(f"{reply.status} {reply.data!r}")


def _measure(workload: Workload, contenders: Sequence[Contender], rounds: int) -> list[Result]:
    """The results of each server; they take turns so that noise meets them alike."""
    runs: dict[str, list[Result]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        for contender in contenders:
            runs[contender.name].append(_run_once(contender, workload.prepare(contender, number)))
    return [_summary(results) for results in runs.values()]


def _run_once(contender: Contender, work: Callable[[], None]) -> Result:
    # What one server leaves to be written back must not be charged to the other.
    subprocess.run(["sync"], check=True)
    begun = time.perf_counter()
    cost = contender.processes.cost_of(work)
    return Result(time.perf_counter() - begun, cost.cpu_seconds, cost.peak_bytes)


def _summary(runs: Sequence[Result]) -> Result:
    return Result(
        seconds=statistics.median(run.seconds for run in runs),
        cpu_seconds=statistics.median(run.cpu_seconds for run in runs),
        peak_bytes=max(run.peak_bytes for run in runs),
    )


def _table() -> Table:
    table = Table(title="OSS endpoint beside SeaweedFS's S3 port")
    for column in ("work", "server", "seconds", "MiB/s", "CPU seconds", "peak MiB"):
        table.add_column(column, justify="left" if column in {"work", "server"} else "right")
    return table


def _add_rows(table: Table, workload: Workload, ours: Result, theirs: Result) -> None:
    for name, result in ((OURS, ours), (THEIRS, theirs)):
        rate = workload.size / result.seconds / MIB
        peak = result.peak_bytes / MIB
        figures = (f"{result.seconds:.2f}", f"{rate:.1f}", f"{result.cpu_seconds:.2f}")
        table.add_row(workload.name, name, *figures, f"{peak:.0f}")
    table.add_row(
        "",
        "ratio",
        f"{ours.seconds / theirs.seconds:.2f}",
        f"{theirs.seconds / ours.seconds:.2f}",
        f"{ours.cpu_seconds / theirs.cpu_seconds:.2f}",
        f"{ours.peak_bytes / theirs.peak_bytes:.2f}",
        end_section=True,
    )
