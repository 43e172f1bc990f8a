"""Any worker may die or freeze at any moment: its tasks go on elsewhere, once and right."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator

import pytest

from support.cluster import Cluster, TaskState, Worker, cluster
from support.ferry import guest_bytes
from support.postgresql import PostgreSQLServer
from support.seaweedfs import S3Server
from support.service import Service, until

BUCKET = "golden"
DISK = random.Random(5).randbytes(64 << 20)
LEASE_SECONDS = 3
TIMEOUT_SECONDS = 5
TAKEN_FOR_DEAD = 75
"""The exit status of a worker that was frozen."""


@pytest.fixture(scope="module")
def many(
    tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSQLServer, seaweedfs: S3Server
) -> Iterator[Cluster]:
    with (
        postgresql.copy_of("template1") as url,
        cluster(
            tmp_path_factory.mktemp("many"),
            url,
            seaweedfs,
            lease_seconds=LEASE_SECONDS,
            worker_timeout_seconds=TIMEOUT_SECONDS,
            worker_slots=1,
            verify="structure",
        ) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def apis(many: Cluster) -> tuple[Service, Service]:
    """Two APIs, with the disk in a bucket."""
    first, second = many.start_api(), many.start_api()
    first.put(BUCKET, "disk.raw", DISK)
    return first, second


@pytest.fixture
def two_workers(many: Cluster) -> Iterator[tuple[Worker, Worker]]:
    first, second = many.start_worker(), many.start_worker()
    yield first, second
    for worker in (first, second):
        worker.end()


def _transferring(many: Cluster, task_id: str) -> TaskState:
    """Wait until a task is in the midst of its bytes."""

    def found() -> TaskState | None:
        state = many.look(task_id)
        return state if state.phase == "transfer" and state.worker else None

    state: TaskState = until(found, 60, "The transfer")
    return state


def _assert_finished_once(many: Cluster, api: Service, image_id: str, task_id: str) -> None:
    assert api.wait_for(task_id)["TaskStatus"] == "Finished"
    assert many.events(task_id).count("finished") == 1
    assert guest_bytes(many.stored(image_id), "qcow2") == DISK


def test_what_one_api_is_asked_for_all_tell(
    many: Cluster, apis: tuple[Service, Service], two_workers: tuple[Worker, Worker]
) -> None:
    first, second = apis
    image_id, task_id = first.import_image(BUCKET, "disk.raw", ImageName="golden")
    _assert_finished_once(many, second, image_id, task_id)

    exported = second.call("ExportImage", ImageId=image_id, OSSBucket=BUCKET, ImageFormat="qcow2")

    assert first.wait_for(exported["TaskId"])["TaskStatus"] == "Finished"
    assert guest_bytes(first.get(BUCKET, f"{image_id}_system.qcow2"), "qcow2") == DISK


def test_a_killed_worker_s_task_goes_on_elsewhere(
    many: Cluster, apis: tuple[Service, Service], two_workers: tuple[Worker, Worker]
) -> None:
    first, second = apis
    image_id, task_id = first.import_image(BUCKET, "disk.raw")
    before = _transferring(many, task_id)
    many.worker_of(before).signal(signal.SIGKILL)

    after = until(
        lambda: (state := many.look(task_id)).attempt == 2 and state, 60, "Another attempt"
    )

    assert after.worker not in {before.worker, 0}
    _assert_finished_once(many, second, image_id, task_id)


def test_a_frozen_worker_s_task_goes_on_elsewhere_and_it_takes_nothing_back(
    many: Cluster, apis: tuple[Service, Service], two_workers: tuple[Worker, Worker]
) -> None:
    api, _ = apis
    image_id, task_id = api.import_image(BUCKET, "disk.raw")
    before = _transferring(many, task_id)
    frozen = many.worker_of(before)
    frozen.signal(signal.SIGSTOP)
    until(lambda: many.look(task_id).attempt == 2, 60, "Another attempt")

    frozen.signal(signal.SIGCONT)

    assert frozen.wait(20) == TAKEN_FOR_DEAD
    assert many.look(task_id).attempt == 2
    _assert_finished_once(many, api, image_id, task_id)


def test_a_frozen_worker_that_nobody_watches_begins_anew(
    many: Cluster, apis: tuple[Service, Service]
) -> None:
    api, _ = apis
    alone = many.start_worker("--data-dir", str(many.folder / "alone"))
    image_id, task_id = api.import_image(BUCKET, "disk.raw")
    _transferring(many, task_id)
    alone.signal(signal.SIGSTOP)
    other = many.start_worker()
    until(lambda: many.look(task_id).attempt == 2, 60, "Another attempt")

    alone.signal(signal.SIGCONT)

    until(lambda: alone.log.read_text().count("worker_started") == 2, 60, "The second start")
    _assert_finished_once(many, api, image_id, task_id)
    other.end()
    image_id, task_id = api.import_image(BUCKET, "disk.raw")
    _assert_finished_once(many, api, image_id, task_id)
    assert many.look(task_id).worker in {0, alone.process.pid}
    alone.end()


def test_a_task_that_was_taken_from_a_living_worker_goes_on_when_the_next_one_dies(
    many: Cluster, apis: tuple[Service, Service], two_workers: tuple[Worker, Worker]
) -> None:
    api, _ = apis
    image_id, task_id = api.import_image(BUCKET, "disk.raw")
    before = _transferring(many, task_id)
    (other,) = (worker for worker in two_workers if worker.process.pid != before.worker)
    many.hand_over(task_id, other)
    after = until(
        lambda: (state := many.look(task_id)).attempt == 2 and state, 60, "Another attempt"
    )
    assert after.worker == other.process.pid

    # By now the first one has ended its part, and must not have ended the task's.
    other.signal(signal.SIGKILL)

    _assert_finished_once(many, api, image_id, task_id)


def test_a_stopped_worker_leaves_its_task_to_the_others_at_once(
    many: Cluster, apis: tuple[Service, Service]
) -> None:
    api, _ = apis
    hurried = many.start_worker(drain_seconds=0)
    image_id, task_id = api.import_image(BUCKET, "disk.raw")
    _transferring(many, task_id)
    other = many.start_worker()

    hurried.signal(signal.SIGTERM)

    assert hurried.wait() == 0
    _assert_finished_once(many, api, image_id, task_id)
    other.end()


def test_a_worker_alone_goes_on_after_it_was_frozen_shortly(
    many: Cluster, apis: tuple[Service, Service]
) -> None:
    api, _ = apis
    worker = many.start_worker()
    image_id, task_id = api.import_image(BUCKET, "disk.raw")
    _transferring(many, task_id)

    for number in (signal.SIGSTOP, signal.SIGCONT):
        worker.signal(number)

    _assert_finished_once(many, api, image_id, task_id)
    assert many.look(task_id).attempt == 1
    worker.end()
