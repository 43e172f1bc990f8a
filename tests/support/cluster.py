"""Many processes of one installation: APIs and workers on PostgreSQL and S3, no shared disk."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

from imageferry.database.connection import Database
from imageferry.engine.queue import TaskQueue
from imageferry.settings import Settings, load
from support import aftermath
from support.seaweedfs import REGION as S3_REGION
from support.seaweedfs import S3Server
from support.service import STOP_SECONDS, Launch, Service, environment, launch, until

START_SECONDS = 120.0


class Worker:
    """A worker that runs.

    Attributes:
        process: Its process.
        data_dir: Its data folder.
        log: What it has said, and those that had the folder before.
    """

    def __init__(
        self,
        data_dir: Path,
        settings: Mapping[str, object],
        *arguments: str,
        launch: Launch = launch,
    ) -> None:
        self.data_dir = data_dir
        self.log = data_dir.with_name(data_dir.name + ".log")
        self._said_before = len(self.log.read_text()) if self.log.exists() else 0
        chosen = environment(data_dir, settings)
        aftermath.remember(self.log, chosen)
        self.process = launch(("worker", *arguments), chosen, self.log)
        until(self._has_started, START_SECONDS, "The start of a worker")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Wait for its end; its exit status."""
        return self.process.wait(seconds)

    def _has_started(self) -> bool:
        said = self.log.read_text()[self._said_before :]
        if self.process.poll() is not None:
            raise AssertionError(f"imageferry worker ended with {self.process.returncode}:\n{said}")
        return "worker_started" in said

    def end(self) -> None:
        """End it, whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(STOP_SECONDS)
        if self.process.stdin is not None:
            self.process.stdin.close()


@dataclass(frozen=True)
class TaskState:
    """A task as its row says, and the process id of the worker that the engine has given it to."""

    status: str
    phase: str
    attempt: int
    worker: int


@dataclass(kw_only=True)
class Processes:
    """An installation of several processes.

    Attributes:
        folder: Where their data folders are.
        settings: What they have in common.
        launch: What starts them.
        services: The APIs that run.
        workers: The workers that were started.
    """

    folder: Path
    settings: Mapping[str, object]
    launch: Launch = launch
    services: list[Service] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def data_dir(self, process: str) -> Path:
        """The data folder of the next process of a kind."""
        return self.folder / f"{process}{next(self._numbers)}"

    def start_api(self) -> Service:
        """Start an API without a worker."""
        service = Service(self.data_dir("api"), self.settings, "--no-worker", launch=self.launch)
        self.services.append(service)
        return service

    def start_worker(self, *arguments: str, **settings: object) -> Worker:
        """Start a worker; ``settings`` go before what they have in common.

        Args:
            arguments: Those of ``imageferry worker``; by default it ends with the tests.
            settings: Settings by name.
        """
        worker = Worker(
            self.data_dir("worker"),
            {**self.settings, **settings},
            *(arguments or ("--with-parent",)),
            launch=self.launch,
        )
        self.workers.append(worker)
        return worker

    def restart_worker(self, ended: Worker) -> None:
        """Start a worker in the place of one that has ended."""
        ended.end()
        self.workers[self.workers.index(ended)] = Worker(
            ended.data_dir, self.settings, "--with-parent", launch=self.launch
        )

    def restart_api(self, api: Service) -> None:
        """Kill an API, and start another one in its place."""
        api.kill()
        self.services[self.services.index(api)] = Service(
            api.data_dir, self.settings, "--no-worker", launch=self.launch
        )

    def machines(self) -> list[Settings]:
        """How each machine is set up: they differ by their data folders."""
        folders = sorted(path for path in self.folder.iterdir() if path.is_dir())
        return [load(environment(folder, self.settings)) for folder in folders]

    def end(self) -> None:
        """End every process."""
        for worker in self.workers:
            worker.end()
        for service in self.services:
            service.stop()


@dataclass(kw_only=True)
class Machine(Processes):
    """An installation of one machine, on SQLite and in a folder, whose processes are apart.

    What starts a worker again in the place of one that is gone is then the test.
    """

    def data_dir(self, process: str) -> Path:
        """The one data folder."""
        return self.folder / "data"

    def serve(self, **settings: object) -> Service:
        """Start ``imageferry serve`` with the worker that it watches over.

        Args:
            settings: Settings by name, which go before the others.
        """
        service = Service(self.data_dir("serve"), {**self.settings, **settings}, launch=self.launch)
        self.services.append(service)
        return service


@dataclass(kw_only=True)
class Cluster(Processes):
    """An installation on many machines.

    Attributes:
        database_url: Their PostgreSQL.
        server, bucket: What keeps their buckets and images.
    """

    database_url: str
    server: S3Server
    bucket: str

    def worker_of(self, state: TaskState) -> Worker:
        """The worker that has a task."""
        (found,) = (worker for worker in self.workers if worker.process.pid == state.worker)
        return found

    def look(self, task_id: str) -> TaskState:
        """A task's row and the engine's, whatever runs."""
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute(
                "SELECT t.status, t.phase, t.attempt, w.executor_id FROM tasks t"
                " LEFT JOIN dbos.workflow_status w ON w.workflow_uuid = t.task_id"
                " WHERE t.task_id = %s",
                (task_id,),
            ).fetchone()
        assert row is not None
        status, phase, attempt, executor = row
        return TaskState(status, phase, attempt, int((executor or "--").split("-")[-2] or 0))

    def hand_over(self, task_id: str, worker: Worker) -> None:
        """Give a task to another worker, as the others do when they take one for dead."""
        with psycopg.connect(self.database_url) as connection:
            runs = connection.execute(
                "SELECT workflow_uuid FROM dbos.workflow_status WHERE status = 'PENDING'"
                " AND starts_with(workflow_uuid, %s)",
                (task_id,),
            ).fetchall()
            names = connection.execute("SELECT executor FROM workers").fetchall()
        (name,) = (name for (name,) in names if f"-{worker.process.pid}-" in name)
        with (
            closing(Database(self.database_url)) as database,
            closing(TaskQueue(database)) as queue,
        ):
            queue.take_over([run for (run,) in runs], name)

    def events(self, task_id: str) -> list[str]:
        """What happened to a task."""
        with psycopg.connect(self.database_url) as connection:
            rows = connection.execute(
                "SELECT event FROM task_events WHERE task_id = %s ORDER BY sequence", (task_id,)
            )
            return [event for (event,) in rows]

    def stored(self, image_id: str) -> bytes:
        """The system disk of an image as it lies in the catalogue."""
        key = f"images/catalogue/{image_id}-system.qcow2"
        content: bytes = self.server.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return content


@contextmanager
def cluster(
    folder: Path,
    database_url: str,
    server: S3Server,
    endpoint: str = "",
    launch: Launch = launch,
    **settings: object,
) -> Iterator[Cluster]:
    """An installation without a process yet; those that are started end with the context.

    Args:
        folder: Where each process gets its data folder.
        database_url: Its PostgreSQL.
        server: What keeps its buckets and images.
        endpoint: Where the processes find the server, if not at its address.
        launch: What starts the processes.
        settings: Settings by name.
    """
    bucket = server.make_bucket()
    options = f"region={S3_REGION}&endpoint={endpoint or server.endpoint}&path_style=true"
    common = {
        "database_url": database_url,
        "buckets_url": f"s3://{bucket}/buckets?{options}",
        "images_url": f"s3://{bucket}/images?{options}",
        "s3_access_key_id": server.access_key_id,
        "s3_access_key_secret": server.access_key_secret,
    }
    running = Cluster(
        folder=folder,
        settings={**common, **settings},
        launch=launch,
        database_url=database_url,
        server=server,
        bucket=bucket,
    )
    try:
        yield running
    finally:
        running.end()
