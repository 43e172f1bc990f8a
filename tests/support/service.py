"""A real service for tests: ``imageferry serve`` as a process of its own, and a client of it.

Every service listens on free ports of 127.0.0.1, keeps its data in a temporary
folder, verifies every guest byte, and ends when the tests do, however they end.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import IO, Any, Protocol

import urllib3

from imageferry.settings import ENVIRONMENT_PREFIX
from imageferry.signing import acs_v3
from support import aftermath

REGION = "cn-hangzhou"
VERSION = "2014-05-26"
ENDED = frozenset({"Finished", "Failed", "Deleted"})
START_SECONDS = 120.0
STOP_SECONDS = 45.0
TASK_SECONDS = 120.0
POLL_SECONDS = 0.05
PATIENCE = 90.0
"""How long tests wait, in seconds, for what takes a moment: no machine is too busy for it."""


class ApiRefusedError(AssertionError):
    """The ECS API answered with an error.

    Attributes:
        status: The HTTP status.
        code: The error's code.
        body: The whole answer.
    """

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.code: str = body.get("Code", "")
        self.body = body


class Process(Protocol):
    """What tests ask of a process of the service: ``subprocess.Popen`` has all of it."""

    @property
    def pid(self) -> int:
        """Its process id."""

    @property
    def returncode(self) -> int | None:
        """Its exit status, once it is known to have ended."""

    @property
    def stdin(self) -> IO[bytes] | None:
        """What it reads, where that ends with the tests."""

    def poll(self) -> int | None:
        """Its exit status, if it has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; its exit status."""

    def send_signal(self, sig: int) -> None:
        """Send it a signal."""

    def kill(self) -> None:
        """End it by SIGKILL."""


Launch = Callable[[Sequence[str], Mapping[str, str], Path], Process]
"""Starts ``imageferry`` with arguments, an environment and a file that gets what it says."""


def launch(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Process:
    """Start ``imageferry`` as a user does."""
    with log.open("ab") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "imageferry", *arguments],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            env=environment,
        )


def until(
    condition: Callable[[], Any], seconds: float, what: str, *, every: float = POLL_SECONDS
) -> Any:
    """Ask every so many seconds, for so many seconds at most, and return the first true answer.

    Raises:
        TimeoutError: the answer never became true.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(every)
    raise TimeoutError(f"{what} did not happen within {seconds} s")


class Service:
    """A service that runs.

    Attributes:
        data_dir: Its data folder.
        process: The process of ``imageferry serve``, the parent of the worker.
        ecs, oss: Where the APIs listen, as ``http://127.0.0.1:port``.
        access_key_id, access_key_secret: The first account's key.
        clock: What says the time at which requests are signed.
    """

    def __init__(
        self,
        data_dir: Path,
        settings: Mapping[str, object],
        *arguments: str,
        launch: Launch = launch,
    ) -> None:
        """Start it and wait until it answers.

        Args:
            data_dir: Its data folder; one that an earlier service left is taken up again.
            settings: Settings by name, as ``worker_slots``.
            arguments: More arguments of ``imageferry serve``.
            launch: What starts its process.
        """
        self.data_dir = data_dir
        self.clock: Callable[[], datetime] = partial(datetime.now, UTC)
        self.environment = environment(data_dir, settings)
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(30))
        addresses = data_dir / "addresses.json"
        addresses.unlink(missing_ok=True)
        self.log = data_dir.with_name(data_dir.name + ".log")
        aftermath.remember(self.log, self.environment)
        self.process = launch(("serve", "--with-parent", *arguments), self.environment, self.log)
        try:
            until(lambda: self._still_runs() and addresses.exists(), START_SECONDS, "The start")
        except BaseException:
            self.kill()
            raise
        where = json.loads(addresses.read_text())
        self.ecs: str = where["ECS"]
        self.oss: str = where["OSS"]
        credentials = json.loads((data_dir / "credentials.json").read_text())
        self.access_key_id: str = credentials["AccessKeyId"]
        self.access_key_secret: str = credentials["AccessKeySecret"]

    def stop(self) -> int:
        """End it as an operator does, by SIGTERM, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._wait()

    def kill(self) -> None:
        """End it by SIGKILL, as a crash does; its worker finds out and ends too."""
        self.process.kill()
        self._wait()

    def call(self, action: str, /, **parameters: object) -> dict[str, Any]:
        """Call an action; parameters of nested names come by ``**{"Tag.1.Key": "a"}``.

        Raises:
            ApiRefusedError: the API answers with an error.
        """
        texts = {"RegionId": REGION, **{name: str(value) for name, value in parameters.items()}}
        request = acs_v3.sign(
            access_key_id=self.access_key_id,
            access_key_secret=self.access_key_secret,
            host=self.ecs.removeprefix("http://"),
            action=action,
            version=VERSION,
            date=self.clock(),
            nonce=secrets.token_hex(16),
            form=tuple(texts.items()),
        )
        reply = self._http.request("POST", self.ecs, body=request.body, headers=request.headers)
        body: dict[str, Any] = reply.json()
        if reply.status != 200:
            raise ApiRefusedError(reply.status, body)
        return body

    @cached_property
    def objects(self) -> Any:
        """The official OSS SDK's client, set up for the service."""
        import alibabacloud_oss_v2 as oss  # noqa: PLC0415 - slow to import, needed by few tests

        configuration = oss.config.load_default()
        configuration.credentials_provider = oss.credentials.StaticCredentialsProvider(
            self.access_key_id, self.access_key_secret
        )
        configuration.region = REGION
        configuration.endpoint = self.oss
        configuration.use_path_style = True
        return oss.Client(configuration)

    def make_bucket(self, bucket: str) -> None:
        """Make a bucket, unless the account has it."""
        import alibabacloud_oss_v2 as oss  # noqa: PLC0415 - slow to import, needed by few tests

        self.objects.put_bucket(oss.PutBucketRequest(bucket=bucket))

    def put(self, bucket: str, key: str, content: bytes | Path) -> None:
        """Put an object into a bucket, which is made where the account has none of the name."""
        import alibabacloud_oss_v2 as oss  # noqa: PLC0415 - slow to import, needed by few tests

        self.make_bucket(bucket)
        if isinstance(content, Path):
            with content.open("rb") as file:
                self.objects.put_object(oss.PutObjectRequest(bucket=bucket, key=key, body=file))
        else:
            self.objects.put_object(oss.PutObjectRequest(bucket=bucket, key=key, body=content))

    def get(self, bucket: str, key: str) -> bytes:
        """The bytes of an object."""
        import alibabacloud_oss_v2 as oss  # noqa: PLC0415 - slow to import, needed by few tests

        reply = self.objects.get_object(oss.GetObjectRequest(bucket=bucket, key=key))
        with reply.body as body:
            content: bytes = body.read()
        return content

    def uploads(self, bucket: str) -> list[str]:
        """The names of the objects whose uploads in parts are under way."""
        import alibabacloud_oss_v2 as oss  # noqa: PLC0415 - slow to import, needed by few tests

        reply = self.objects.list_multipart_uploads(oss.ListMultipartUploadsRequest(bucket=bucket))
        return [upload.key for upload in reply.uploads or []]

    def task(self, task_id: str) -> dict[str, Any]:
        """A task as DescribeTaskAttribute tells it."""
        return self.call("DescribeTaskAttribute", TaskId=task_id)

    def wait_for(
        self, task_id: str, seconds: float = TASK_SECONDS, *, every: float = POLL_SECONDS
    ) -> dict[str, Any]:
        """Wait until a task has ended, however it ended, and return it; ask every so many seconds.

        Raises:
            TimeoutError: it has not ended in so many seconds.
        """

        def ended() -> dict[str, Any] | None:
            task = self.task(task_id)
            return task if task["TaskStatus"] in ENDED else None

        task: dict[str, Any] = until(ended, seconds, f"The end of {task_id}", every=every)
        return task

    def import_image(self, bucket: str, key: str, **parameters: object) -> tuple[str, str]:
        """Start to import an object as an image; returns the image's and the task's id."""
        disk = {"DiskDeviceMapping.1.OSSBucket": bucket, "DiskDeviceMapping.1.OSSObject": key}
        reply = self.call("ImportImage", **{**disk, **parameters})
        return reply["ImageId"], reply["TaskId"]

    def _still_runs(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(
                f"imageferry serve ended with {self.process.returncode}:\n{self.log.read_text()}"
            )
        return True

    def _wait(self) -> int:
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            if self.process.stdin is not None:
                self.process.stdin.close()
            self._http.clear()


def environment(data_dir: Path, settings: Mapping[str, object]) -> dict[str, str]:
    chosen = {"data_dir": data_dir, "ecs_port": 0, "oss_port": 0, "verify": "full", **settings}
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)
    }
    return inherited | {
        ENVIRONMENT_PREFIX + name.upper(): str(value) for name, value in chosen.items()
    }


@contextmanager
def services(folder: Path) -> Iterator[Callable[..., Service]]:
    """What starts services: called with settings by name, with ``data_dir`` to take one up again.

    All of them end with the context. A test that expects an end that is not
    clean has brought it about itself, by ``kill`` or ``stop``.
    """
    started: list[Service] = []

    def start(*arguments: str, data_dir: Path | None = None, **settings: object) -> Service:
        service = Service(data_dir or folder / f"data{len(started)}", settings, *arguments)
        started.append(service)
        return service

    try:
        yield start
    finally:
        for service in started:
            service.stop()
