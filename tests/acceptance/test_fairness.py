"""Accounts take turns, and limits hold, whichever worker takes a task up."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import pairwise

import psycopg
import pytest

from imageferry.accounts import access_keys
from imageferry.database.connection import Database
from support.cluster import Cluster, cluster
from support.postgresql import PostgreSQLServer
from support.seaweedfs import S3Server
from support.service import Service

DISK = random.Random(9).randbytes(1 << 16)
MANY = 5

Carried = tuple[str, int, int, str]
"""A task, when it began and when it ended, in microseconds, and who carried it out."""


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSQLServer, seaweedfs: S3Server
) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("shared")
    with (
        postgresql.copy_of("template1") as url,
        cluster(folder, url, seaweedfs, verify="structure") as running,
    ):
        yield running


@pytest.fixture(scope="module")
def busy(shared: Cluster) -> Service:
    """The API as an account calls it that has a disk."""
    service = shared.start_api()
    service.put("busy", "disk.raw", DISK)
    return service


@pytest.fixture(scope="module")
def modest(shared: Cluster, busy: Service) -> Service:
    """The API as another account calls it that has one too."""
    with closing(Database(shared.database_url)) as database, database.write() as connection:
        key = access_keys.create_key(connection, access_keys.create_account(connection, "modest"))
    service = copy.copy(busy)
    service.__dict__.pop("objects")
    service.access_key_id, service.access_key_secret = key.access_key_id, key.secret
    service.put("modest", "disk.raw", DISK)
    return service


def _imports(service: Service, bucket: str, number: int) -> list[str]:
    return [service.import_image(bucket, "disk.raw")[1] for _ in range(number)]


def _carried_out(shared: Cluster, tasks: Sequence[str]) -> list[Carried]:
    """The tasks in the order they were begun."""
    with psycopg.connect(shared.database_url) as connection:
        return connection.execute(
            "SELECT t.task_id, t.started, t.finished, w.executor_id FROM tasks t"
            " JOIN dbos.workflow_status w ON w.workflow_uuid = t.task_id"
            " WHERE t.task_id = ANY(%s) ORDER BY t.started",
            (list(tasks),),
        ).fetchall()


def _most_at_once(carried: Sequence[Carried]) -> int:
    """How many ran at the same time at the most."""
    changes = [(began, 1) for _, began, _, _ in carried]
    changes += [(ended, -1) for _, _, ended, _ in carried]
    running = most = 0
    for _, change in sorted(changes):
        running += change
        most = max(most, running)
    return most


def test_one_task_is_not_kept_waiting_by_many_of_another_account(
    shared: Cluster, busy: Service, modest: Service
) -> None:
    many = _imports(busy, "busy", MANY)
    (single,) = _imports(modest, "modest", 1)
    waiting = modest.task(single)["TaskProgress"]
    last = busy.task(many[-1])["TaskProgress"]

    workers = [shared.start_worker(max_running_tasks_in_all=1) for _ in range(2)]
    for service, tasks in ((modest, [single]), (busy, many)):
        for task_id in tasks:
            assert service.wait_for(task_id)["TaskStatus"] == "Finished"
    for worker in workers:
        worker.end()

    assert waiting["PlaceInQueue"] <= 2
    assert waiting["WaitingFor"] == "FreeSlot"
    assert last["PlaceInQueue"] == MANY + 1
    carried = _carried_out(shared, [*many, single])
    assert single in [task_id for task_id, *_ in carried[:2]]
    assert all(ended <= began for (_, _, ended, _), (_, began, _, _) in pairwise(carried))


def test_each_worker_has_its_own_slots(shared: Cluster, busy: Service) -> None:
    tasks = _imports(busy, "busy", MANY)

    small, large = (shared.start_worker(worker_slots=slots) for slots in (1, 3))
    for task_id in tasks:
        assert busy.wait_for(task_id)["TaskStatus"] == "Finished"

    carried = _carried_out(shared, tasks)
    by_worker = Counter(executor for *_, executor in carried)
    assert len(by_worker) <= 2
    for worker, slots in ((small, 1), (large, 3)):
        own = [row for row in carried if f"-{worker.process.pid}-" in row[-1]]
        assert _most_at_once(own) <= slots
