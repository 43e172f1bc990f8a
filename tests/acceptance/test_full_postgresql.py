"""PostgreSQL's disk is full in the midst of a task: it waits, and goes on when there is room."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from support.cluster import Machine
from support.ferry import guest_bytes
from support.nursery import nursery
from support.postgresql import QUICK, PostgreSQLServer, postgresql_server
from support.service import ApiRefusedError, until

BUCKET = "golden"
DISK = random.Random(13).randbytes(1 << 20)
LOG_FILE_BYTES = 16 << 20
PATIENCE = 120.0

TABLES = {
    "task_events": "INSERT INTO task_events (task_id, time, event, detail)"
    " SELECT task_id, created, 'noise', repeat('x', %(length)s)"
    " FROM tasks, generate_series(1, %(rows)s) WHERE task_id = %(task)s",
    "dbos.operation_outputs": "INSERT INTO dbos.operation_outputs"
    " (workflow_uuid, function_id, function_name, output)"
    " SELECT workflow_uuid, last + n, 'noise', repeat('x', %(length)s)"
    " FROM generate_series(1, %(rows)s) AS n, (SELECT workflow_uuid, max(function_id) AS last"
    " FROM dbos.operation_outputs WHERE workflow_uuid = %(task)s GROUP BY workflow_uuid) AS found",
}
"""What a task writes to at its steps' ends, in our tables and in the engine's."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQLServer]:
    # A vacuum would find room where the last row that failed was taken back.
    with postgresql_server({**QUICK, "autovacuum": "off"}) as server:
        yield server


@pytest.fixture
def machine(tmp_path: Path, server: PostgreSQLServer) -> Iterator[Machine]:
    with nursery() as quick:
        running = Machine(
            folder=tmp_path,
            settings={"database_url": server.url(server.create())},
            launch=quick.launch,
        )
        try:
            running.start_api()
            yield running
        finally:
            running.end()


def _url(machine: Machine) -> str:
    return str(machine.settings["database_url"])


def _inflate(machine: Machine, task_id: str) -> int:
    """Let the tables be larger than a file of the server's log; the size of the larger."""
    rows = 2 * LOG_FILE_BYTES // 1000
    sizes: list[int] = []
    with psycopg.connect(_url(machine), autocommit=True) as connection:
        for table, insert in TABLES.items():
            connection.execute(insert.encode(), {"task": task_id, "length": 1000, "rows": rows})
            # From now on it knows of every page that has room left.
            connection.execute(f"VACUUM {table}".encode())
            (size,) = connection.execute("SELECT pg_relation_size(%s)", (table,)).fetchone() or (0,)
            sizes.append(size)
    return max(sizes)


def _fill(machine: Machine, task_id: str) -> set[str]:
    """Write until not even the shortest row has room; what the server says of it."""
    refusals = set()
    with psycopg.connect(_url(machine), autocommit=True) as connection:
        for insert in TABLES.values():
            for length, rows in ((1000, 100), (100, 1000), (0, 100), (0, 1)):
                values = {"task": task_id, "length": length, "rows": rows}
                try:
                    while True:
                        connection.execute(insert.encode(), values)
                except psycopg.Error as error:
                    refusals.add(str(error))
    return refusals


def test_nothing_is_lost_while_the_database_has_no_room(
    machine: Machine, server: PostgreSQLServer
) -> None:
    (api,) = machine.services
    api.put(BUCKET, "disk.raw", DISK)
    worker = machine.start_worker()
    _, past = api.import_image(BUCKET, "disk.raw")
    assert api.wait_for(past)["TaskStatus"] == "Finished"
    worker.end()
    limit = _inflate(machine, past)
    image_id, task_id = api.import_image(BUCKET, "disk.raw")

    with server.full(limit):
        refusals = _fill(machine, past)
        assert all("could not extend file" in refusal for refusal in refusals), refusals
        machine.restart_worker(worker)
        (worker,) = machine.workers
        until(lambda: "database_unavailable" in worker.log.read_text(), PATIENCE, "A refusal")
        with pytest.raises(ApiRefusedError) as refused:
            api.import_image(BUCKET, "disk.raw")
        stood = api.task(task_id)["TaskStatus"]

    assert (refused.value.status, refused.value.code) == (503, "ServiceUnavailable")
    assert stood == "Processing"
    assert api.wait_for(task_id)["TaskStatus"] == "Finished"
    assert worker.process.poll() is None
    stored = api.data_dir / "images" / "catalogue" / f"{image_id}-system.qcow2"
    assert guest_bytes(stored.read_bytes(), "qcow2") == DISK
