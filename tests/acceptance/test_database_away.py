"""PostgreSQL crashes, and is away for longer than any lease: clients are told, tasks go on."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest
import urllib3

from support.cluster import Cluster, TaskState, cluster
from support.ferry import guest_bytes
from support.postgresql import CRASHING, PostgreSQLServer, postgresql_server
from support.seaweedfs import S3Server
from support.service import ApiRefusedError, Service, until

BUCKET = "golden"
DISK = random.Random(8).randbytes(64 << 20)
AWAY_SECONDS = 40
LEASE_SECONDS = 3
TIMEOUT_SECONDS = 5


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQLServer]:
    with postgresql_server(CRASHING) as server:
        yield server


@pytest.fixture(scope="module")
def many(
    tmp_path_factory: pytest.TempPathFactory, server: PostgreSQLServer, seaweedfs: S3Server
) -> Iterator[Cluster]:
    with cluster(
        tmp_path_factory.mktemp("away"),
        server.url(server.create()),
        seaweedfs,
        lease_seconds=LEASE_SECONDS,
        worker_timeout_seconds=TIMEOUT_SECONDS,
        worker_slots=1,
        verify="structure",
    ) as running:
        for _ in range(2):
            running.start_worker()
        yield running


@pytest.fixture(scope="module")
def api(many: Cluster) -> Service:
    api = many.start_api()
    api.put(BUCKET, "disk.raw", DISK)
    return api


def _transferring(many: Cluster, task_id: str) -> TaskState:
    def found() -> TaskState | None:
        state = many.look(task_id)
        return state if state.phase == "transfer" else None

    state: TaskState = until(found, 60, "The transfer")
    return state


def _assert_finished_once(many: Cluster, api: Service, image_id: str, task_id: str) -> None:
    assert api.wait_for(task_id)["TaskStatus"] == "Finished"
    assert many.events(task_id).count("finished") == 1
    assert guest_bytes(many.stored(image_id), "qcow2") == DISK


def _refusal(api: Service) -> tuple[int, str]:
    with pytest.raises(ApiRefusedError) as refused:
        api.call("DescribeTasks")
    return refused.value.status, refused.value.code


def test_a_crash_of_the_database_costs_no_task(
    many: Cluster, api: Service, server: PostgreSQLServer
) -> None:
    image_id, task_id = api.import_image(BUCKET, "disk.raw")
    _transferring(many, task_id)

    with server.away():
        pass

    until(lambda: _serves(api), 60, "An answer")
    _assert_finished_once(many, api, image_id, task_id)
    assert all(worker.process.poll() is None for worker in many.workers)


def test_tasks_go_on_when_the_database_was_away_for_longer_than_any_lease(
    many: Cluster, api: Service, server: PostgreSQLServer
) -> None:
    started = [api.import_image(BUCKET, "disk.raw") for _ in range(3)]
    _transferring(many, started[0][1])

    with server.away():
        end = time.monotonic() + AWAY_SECONDS
        while time.monotonic() < end:
            assert _refusal(api) == (503, "ServiceUnavailable")
            assert urllib3.request("GET", f"{api.ecs}/readyz", retries=False).status == 503
            time.sleep(2)

    until(lambda: _serves(api), 60, "An answer")
    for image_id, task_id in started:
        _assert_finished_once(many, api, image_id, task_id)
    assert all(worker.process.poll() is None for worker in many.workers)


def _serves(api: Service) -> bool:
    return urllib3.request("GET", f"{api.ecs}/readyz", retries=False).status == 200
