"""A worker dies, and its tasks go on within the time that is promised, by the clock.

``make clock`` runs it beside :mod:`soak.outages`. The limits are promises to users, so they hold on
a machine that is busy too.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from soak.busy import LARGE, SLOW, Busy
from support.cluster import Cluster, Machine, cluster
from support.crash import kill_worker
from support.nursery import Nursery
from support.postgresql import PostgreSQLServer
from support.seaweedfs import S3Server
from support.service import until

pytestmark = pytest.mark.timeout(900)

SETTINGS: Mapping[int, Mapping[str, Any]] = {
    60: {},
    15: {"worker_timeout_seconds": 10, "lease_seconds": 8},
}
"""For each limit, in seconds, the settings by which docs/scale-out.md promises it."""

SEEN_SECONDS = 150.0


def _seconds_until_all_go_on(busy: Busy, asked: list[str], kill: Callable[[], None]) -> float:
    """How long it takes from the death of the tasks' worker until the next one has written."""
    assert [busy.transfers(task_id) for task_id in asked] == [1] * len(asked)
    begin = time.monotonic()
    kill()
    until(
        lambda: all(busy.transfers(task_id) > 1 for task_id in asked),
        SEEN_SECONDS,
        "Another worker's transfer",
    )
    return time.monotonic() - begin


def _judge(busy: Busy, asked: list[str]) -> None:
    ended = busy.judge()
    assert [(ended[task_id].status, ended[task_id].attempts) for task_id in asked] == [
        ("Finished", 2)
    ] * len(asked)


@pytest.fixture
def many(
    tmp_path: Path,
    quick: Nursery,
    postgresql: PostgreSQLServer,
    seaweedfs: S3Server,
    limit: int,
) -> Iterator[Cluster]:
    """An installation that is set up for a limit."""
    with (
        postgresql.copy_of("template1") as url,
        cluster(
            tmp_path,
            url,
            seaweedfs,
            launch=quick.launch,
            verify="structure",
            **SETTINGS[limit],
        ) as running,
    ):
        yield running


@pytest.mark.parametrize("limit", SETTINGS)
def test_a_dead_worker_s_tasks_go_on_elsewhere_in_time(many: Cluster, limit: int) -> None:
    busy = Busy(many)
    dying = many.start_worker(**SLOW)
    asked = busy.ask(LARGE)
    busy.wait_until_under_way(asked)
    many.start_worker()

    seconds = _seconds_until_all_go_on(busy, asked, lambda: dying.signal(signal.SIGKILL))

    print(f"{seconds:.1f} s of {limit} s")  # noqa: T201 - how close it was
    assert seconds <= limit
    many.restart_worker(dying)  # it takes away what the dead one has left on its machine
    _judge(busy, asked)


def test_a_dead_worker_s_task_goes_on_in_time_on_a_machine_alone(
    tmp_path: Path, quick: Nursery
) -> None:
    machine = Machine(folder=tmp_path, settings={"verify": "structure"}, launch=quick.launch)
    try:
        busy = Busy(machine)
        busy.api.stop()
        busy.api = machine.serve(worker_bytes_per_second=4 << 20)
        asked = busy.ask(LARGE)
        busy.wait_until_under_way(asked)

        seconds = _seconds_until_all_go_on(busy, asked, lambda: kill_worker(busy.api))

        print(f"{seconds:.1f} s on one machine")  # noqa: T201 - how close it was
        assert seconds <= max(SETTINGS)
        _judge(busy, asked)
    finally:
        machine.end()
