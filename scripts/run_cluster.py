"""Many processes of one installation on this machine, for a try-out.

It starts PostgreSQL, SeaweedFS as the object store, two APIs and four workers,
tells their addresses and the access key, which worker takes a task up, and
starts another process for each that ends. It ends them all on Ctrl-C, or when
it dies. What they kept is gone then.
"""

from __future__ import annotations

import argparse
import json
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from support.cluster import Cluster, Worker, cluster
from support.postgresql import postgresql_server
from support.seaweedfs import s3_server
from support.service import Service

POLL_SECONDS = 0.5


def main() -> None:
    """Run a cluster until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Run many processes of imageferry for a try-out.")
    parser.add_argument("--apis", type=int, default=2, help="processes that serve the APIs")
    parser.add_argument("--workers", type=int, default=4, help="processes that carry tasks out")
    parser.add_argument("--timeout", type=int, default=10, help="IMAGEFERRY_WORKER_TIMEOUT_SECONDS")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with _cluster(arguments.timeout) as running:
            _start(running, arguments.apis, arguments.workers)
            _tell(running)
            _keep(running, arguments.workers)
    except (AssertionError, TimeoutError) as error:
        raise SystemExit(f"The cluster ended: {error}") from None
    except KeyboardInterrupt:
        _say("\nStopped. Nothing runs any more, and nothing is kept.")


@contextmanager
def _cluster(timeout: int) -> Iterator[Cluster]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imageferry-")))
        _say("Starting PostgreSQL...")
        database = stack.enter_context(postgresql_server({}))
        _say("Starting SeaweedFS...")
        (folder / "seaweedfs").mkdir()
        store = stack.enter_context(s3_server(folder / "seaweedfs"))
        yield stack.enter_context(
            cluster(
                folder,
                database.url(database.create()),
                store,
                worker_timeout_seconds=timeout,
                lease_seconds=max(3, timeout * 4 // 5),
                verify="structure",
            )
        )


def _start(running: Cluster, apis: int, workers: int) -> None:
    for number in range(1, apis + 1):
        _say(f"Starting API {number} of {apis}...")
        running.start_api()
    for number in range(1, workers + 1):
        _say(f"Starting worker {number} of {workers}...")
        running.start_worker()


def _tell(running: Cluster) -> None:
    first = running.services[0]
    _say("")
    for number, service in enumerate(running.services, 1):
        _say(f"ECS API {number}          {service.ecs}/")
        _say(f"OSS API {number}          {service.oss}/")
    for number, worker in enumerate(running.workers, 1):
        _say(f"worker {number}           process {worker.process.pid}")
    _say(f"access key id      {first.access_key_id}")
    _say(f"access key secret  {first.access_key_secret}")
    _say(f"PostgreSQL         {running.database_url}")
    _say(f"S3                 {running.server.endpoint}, bucket {running.bucket}")
    _say(f"logs               {running.folder}/*.log")
    _say("\nTry next, in another terminal:")
    for line in (
        f"export IMAGEFERRY_ECS_ENDPOINT={first.ecs} IMAGEFERRY_OSS_ENDPOINT={first.oss}",
        f"export IMAGEFERRY_ACCESS_KEY_ID={first.access_key_id}",
        f"export IMAGEFERRY_ACCESS_KEY_SECRET={first.access_key_secret}",
        ".venv/bin/imageferry buckets demo --create",
        ".venv/bin/imageferry import YOUR-DISK.qcow2 --bucket demo",
        "kill -9 PROCESS    # of the worker that has taken the task up, as is told here",
    ):
        _say(f"  {line}")
    _say("\nServing. Ctrl-C stops everything.")


def _keep(running: Cluster, workers: int) -> None:
    """Tell who takes a task up, and start another one for each that ends, as a supervisor does."""
    read: dict[Path, int] = {}
    while True:
        time.sleep(POLL_SECONDS)
        for worker in list(running.workers):
            _tell_tasks(worker, read)
            status = worker.process.poll()
            if status is not None:
                _say(f"Worker {worker.process.pid} ended with {status}.")
                worker.end()
                running.workers.remove(worker)
        if len(running.workers) < workers:
            with _tried("Another worker"):
                _say(f"Worker {running.start_worker().process.pid} stands in.")
        for place, service in enumerate(running.services):
            if service.process.poll() is not None:
                with _tried(f"API {place + 1}"):
                    running.services[place] = _restarted(service, running)
                    _say(f"API {place + 1} ended, and was started again at its address.")


def _tell_tasks(worker: Worker, read: dict[Path, int]) -> None:
    """Tell of each task that a worker has taken up since its log was last read.

    Args:
        worker: The worker.
        read: How many bytes of each log have been read.
    """
    with worker.log.open("rb") as log:
        log.seek(read.get(worker.log, 0))
        # The last line may not be whole yet.
        said = log.read().rpartition(b"\n")[0]
    read[worker.log] = read.get(worker.log, 0) + len(said)
    for line in said.splitlines():
        if b'"task_taken_up"' in line:
            task_id = json.loads(line)["task_id"]
            _say(f"Worker {worker.process.pid} has taken up {task_id}.")


def _restarted(ended: Service, running: Cluster) -> Service:
    """Another API where one was."""
    ports = {"ecs_port": urlsplit(ended.ecs).port, "oss_port": urlsplit(ended.oss).port}
    return Service(ended.data_dir, {**running.settings, **ports}, "--no-worker")


@contextmanager
def _tried(what: str) -> Iterator[None]:
    """Tell that a process did not start, which is tried again."""
    try:
        yield
    except (AssertionError, TimeoutError) as error:
        _say(f"{what} did not start: {str(error).strip().splitlines()[-1]}")


def _interrupt(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
