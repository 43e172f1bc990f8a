"""A slot keeps to its memory and its scratch, though everything lies in S3."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from benchmarks.process_tree import ProcessTree

from support.seaweedfs import REGION, S3Server
from support.service import Service

MIB = 1 << 20
DISK_BYTES = 224 * MIB
"""More than all windows of a disk's transfer hold together: a larger disk takes no more."""

MEMORY = 512 * MIB
"""The bound of a slot, beside what a worker has that does nothing."""

WORKER_MEMORY = 640 * MIB
SCRATCH = 64 * MIB
PAUSE_SECONDS = 0.02
BUCKET = "golden"
DISKS = ("system.raw", "data.raw")


class Watch:
    """Looks again and again at what a service's worker takes, and keeps the most.

    Attributes:
        idle: The bytes of memory that the worker had before.
        memory: Those of the worker, as the kernel saw its peak, and of its programs with it.
        scratch: Bytes in files of scratch, those without a name too.
    """

    def __init__(self, service: Service) -> None:
        self.memory = 0
        self.scratch = 0
        self._worker = next(
            child
            for child in psutil.Process(service.process.pid).children()
            if "worker" in child.cmdline()
        )
        self._folder = service.data_dir / "scratch"
        self._ended = threading.Event()
        self.idle = self._worker.memory_info().rss

    def see(self, work: Callable[[], None]) -> None:
        """Watch while some work is done."""
        with self._watching():
            cost = ProcessTree([self._worker]).cost_of(work)
        self.memory = max(self.memory, cost.peak_bytes)

    @contextmanager
    def _watching(self) -> Iterator[None]:
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()
            self._ended.clear()

    def _watch(self) -> None:
        while not self._ended.wait(PAUSE_SECONDS):
            tree = [self._worker, *self._worker.children(recursive=True)]
            self.memory = max(self.memory, sum(map(_resident_bytes, tree)))
            self.scratch = max(self.scratch, self._scratch_bytes())

    def _scratch_bytes(self) -> int:
        """What the files of scratch take, and those that the worker has without a name."""
        named = list(self._folder.rglob("*"))
        opened = Path("/proc", str(self._worker.pid), "fd").iterdir()
        return sum(map(_stored_bytes, named)) + sum(map(_stored_bytes, filter(_nameless, opened)))


def _resident_bytes(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return int(process.memory_info().rss)
    return 0


def _nameless(descriptor: Path) -> bool:
    with suppress(FileNotFoundError):
        return descriptor.readlink().name.endswith(" (deleted)")
    return False


def _stored_bytes(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_blocks * 512
    return 0


@pytest.fixture
def remote_bucket(seaweedfs: S3Server) -> str:
    return seaweedfs.make_bucket()


@pytest.fixture
def in_s3(
    start_service: Callable[..., Service], seaweedfs: S3Server, remote_bucket: str
) -> Service:
    """A service with one slot that has everything in S3."""
    options = f"region={REGION}&endpoint={seaweedfs.endpoint}&path_style=true"
    return start_service(
        buckets_url=f"s3://{remote_bucket}/buckets?{options}",
        images_url=f"s3://{remote_bucket}/images?{options}",
        s3_access_key_id=seaweedfs.access_key_id,
        s3_access_key_secret=seaweedfs.access_key_secret,
        worker_slots=1,
        verify="structure",
    )


def put_disks(service: Service, seaweedfs: S3Server, remote_bucket: str, folder: Path) -> None:
    """Put two disks that cannot be compressed into a bucket of the service."""
    service.make_bucket(BUCKET)
    for key in DISKS:
        disk = folder / key
        with disk.open("wb") as file:
            for _ in range(DISK_BYTES // MIB):
                file.write(os.urandom(MIB))
        seaweedfs.client.upload_file(str(disk), remote_bucket, f"buckets/{BUCKET}/{key}")


def check_finished(service: Service, task_id: str) -> None:
    task = service.wait_for(task_id)
    assert (task["TaskStatus"], task.get("FailedReason")) == ("Finished", None)


def test_two_disks_at_once_stay_within_the_bounds_of_a_slot(
    in_s3: Service, seaweedfs: S3Server, remote_bucket: str, tmp_path: Path
) -> None:
    put_disks(in_s3, seaweedfs, remote_bucket, tmp_path)
    second = {
        "DiskDeviceMapping.2.OSSBucket": BUCKET,
        "DiskDeviceMapping.2.OSSObject": DISKS[1],
    }

    def work() -> None:
        image_id, task_id = in_s3.import_image(BUCKET, DISKS[0], **second)
        check_finished(in_s3, task_id)
        for parameters in ({"ImageFormat": "vhd"}, {"ImageFormat": "vmdk"}):
            reply = in_s3.call("ExportImage", ImageId=image_id, OSSBucket=BUCKET, **parameters)
            check_finished(in_s3, reply["TaskId"])

    watch = Watch(in_s3)
    watch.see(work)

    assert watch.memory > watch.idle + DISK_BYTES // 4, "The watch has seen no transfer."
    assert watch.memory < min(watch.idle + MEMORY, WORKER_MEMORY)
    assert watch.scratch < SCRATCH
