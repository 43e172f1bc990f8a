"""Many processes of one installation on this machine, for a try-out.

It starts PostgreSQL, SeaweedFS as the object store, two APIs and four workers,
tells their addresses and the access key, and ends them all on Ctrl-C, or when
it dies. What they kept is gone then.
"""

from __future__ import annotations

import argparse
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from support.cluster import Cluster, cluster
from support.postgresql import postgresql_server
from support.seaweedfs import s3_server

POLL_SECONDS = 0.5


class ClusterError(Exception):
    """The cluster cannot go on. The text says why."""


def main() -> None:
    """Run a cluster until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Run many processes of imageferry for a try-out.")
    parser.add_argument("--apis", type=int, default=2, help="processes that serve the APIs")
    parser.add_argument("--workers", type=int, default=4, help="processes that carry tasks out")
    parser.add_argument(
        "--timeout", type=int, default=12, help="the setting worker_timeout_seconds"
    )
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with _cluster(arguments.timeout) as running:
            _start(running, arguments.apis, arguments.workers)
            _tell(running)
            _keep(running)
    except (AssertionError, ClusterError, TimeoutError) as error:
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
    _say("\nTry next, in another terminal:")
    for line in (
        f"export IMAGEFERRY_ECS_ENDPOINT={first.ecs} IMAGEFERRY_OSS_ENDPOINT={first.oss}",
        f"export IMAGEFERRY_ACCESS_KEY_ID={first.access_key_id}",
        f"export IMAGEFERRY_ACCESS_KEY_SECRET={first.access_key_secret}",
        ".venv/bin/imageferry buckets demo --create",
        ".venv/bin/imageferry import YOUR-DISK.qcow2 --bucket demo",
        f"kill -9 {running.workers[0].process.pid}",
    ):
        _say(f"  {line}")
    _say("\nServing. Ctrl-C stops everything.")


def _keep(running: Cluster) -> None:
    """Start another worker for each that ends, as a supervisor does; APIs have to go on."""
    while True:
        time.sleep(POLL_SECONDS)
        for worker in list(running.workers):
            status = worker.process.poll()
            if status is not None:
                _say(f"Worker {worker.process.pid} ended with {status}.")
                worker.end()
                running.workers.remove(worker)
                _say(f"Worker {running.start_worker().process.pid} stands in for it.")
        for service in running.services:
            if service.process.poll() is not None:
                raise ClusterError(service.log.read_text().strip().splitlines()[-1])


def _interrupt(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
