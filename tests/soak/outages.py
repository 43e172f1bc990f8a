"""PostgreSQL or the object store is away for 40 seconds, by the clock, with the default leases.

``make clock`` runs it beside :mod:`soak.deaths`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
import urllib3

from imageferry.database.connection import UNAVAILABLE, Database
from imageferry.engine import queue
from imageferry.engine.queue import TaskQueue
from soak.busy import LARGE, SLOW, SMALL, Busy
from support.cluster import Cluster, cluster
from support.link import Link, link
from support.nursery import Nursery
from support.postgresql import CRASHING, PostgreSQLServer, postgresql_server
from support.seaweedfs import S3Server
from support.service import ApiRefusedError, until

pytestmark = pytest.mark.timeout(900)

AWAY_SECONDS = 40
BROKEN_SECONDS = 25
"""Less than clean-ups are tried for, the next one of which comes five minutes later only."""

ANSWERED_SECONDS = 30
"""Within it an API gives up a connection that has fallen silent, and says so."""

PAUSE_SECONDS = 1.0
BACK_SECONDS = 60.0


@dataclass
class Interrupted:
    """An installation in the midst of an import and an export, while as many tasks wait.

    Attributes:
        many: The installation.
        busy: What it is asked for.
        under_way, waiting: The tasks.
    """

    many: Cluster
    busy: Busy
    under_way: list[str]
    waiting: list[str]

    @classmethod
    def begin(cls, many: Cluster) -> Interrupted:
        """Start it, and wait until the tasks are under way."""
        busy = Busy(many)
        for _ in range(2):
            many.start_worker(worker_slots=1, **SLOW)
        under_way = busy.ask(LARGE)
        busy.wait_until_under_way(under_way)
        return cls(many, busy, under_way, busy.ask(SMALL))

    def endure(self, answered_seconds: float = 0) -> None:
        """Ask the API until the time is over, which tells so of itself, and refuses calls.

        Args:
            answered_seconds: How long an answer may take: nobody is asked so late that it could
                come when all is well again.
        """
        end = time.monotonic() + AWAY_SECONDS
        while time.monotonic() < end - answered_seconds:
            with pytest.raises(ApiRefusedError) as refused:
                self.busy.api.call("DescribeTasks")
            assert (refused.value.status, refused.value.code) == (503, "ServiceUnavailable")
            self._assert_lives()
            time.sleep(PAUSE_SECONDS)
        while time.monotonic() < end:
            self._assert_lives()
            time.sleep(PAUSE_SECONDS)

    def wait_until_ready(self) -> None:
        """Wait until the API serves again."""
        until(lambda: self._get("readyz") == 200, BACK_SECONDS, "The API's return")

    def assert_all_end_right(self) -> None:
        """Make sure that every task is finished, once and right, by whoever had it."""
        ended = self.busy.judge()
        asked = [ended[task_id] for task_id in self.under_way + self.waiting]
        assert [task.status for task in asked] == ["Finished"] * 4, asked
        self.assert_nobody_died()

    def assert_nobody_died(self) -> None:
        """Make sure that no worker ended, or was taken for dead."""
        for worker in self.many.workers:
            assert worker.process.poll() is None
            assert "workers_died" not in worker.log.read_text()

    def _assert_lives(self) -> None:
        assert self._get("healthz") == 200

    def _get(self, path: str) -> int:
        url = f"{self.busy.api.ecs}/{path}"
        return urllib3.request("GET", url, retries=False, timeout=ANSWERED_SECONDS).status


@pytest.fixture
def crashing() -> Iterator[PostgreSQLServer]:
    with postgresql_server(CRASHING) as server:
        yield server


@pytest.fixture
def to_store(seaweedfs: S3Server) -> Iterator[Link]:
    with link(urlsplit(seaweedfs.endpoint).port or 0) as way:
        yield way


def _by(way: Link, url: str) -> str:
    """A database's address by another way."""
    return sa.make_url(url).set(port=way.port).render_as_string()


@contextmanager
def _interrupted(
    folder: Path, quick: Nursery, database_url: str, seaweedfs: S3Server, endpoint: str = ""
) -> Iterator[Interrupted]:
    with cluster(
        folder, database_url, seaweedfs, endpoint, launch=quick.launch, verify="structure"
    ) as many:
        yield Interrupted.begin(many)


@pytest.fixture
def interrupted(
    tmp_path: Path,
    quick: Nursery,
    postgresql: PostgreSQLServer,
    seaweedfs: S3Server,
    to_store: Link,
) -> Iterator[Interrupted]:
    """An installation that has its objects by a way that can be cut off."""
    endpoint = f"http://127.0.0.1:{to_store.port}"
    with (
        postgresql.copy_of("template1") as url,
        _interrupted(tmp_path, quick, url, seaweedfs, endpoint) as begun,
    ):
        yield begun


def test_tasks_go_on_after_postgresql_has_crashed_and_was_away(
    tmp_path: Path, quick: Nursery, crashing: PostgreSQLServer, seaweedfs: S3Server
) -> None:
    url = crashing.url(crashing.create())
    with _interrupted(tmp_path, quick, url, seaweedfs) as interrupted:
        with crashing.away():
            interrupted.endure()
        interrupted.wait_until_ready()
        interrupted.assert_all_end_right()


def test_tasks_go_on_after_all_packets_from_and_to_postgresql_were_lost(
    tmp_path: Path, quick: Nursery, postgresql: PostgreSQLServer, seaweedfs: S3Server
) -> None:
    with (
        postgresql.copy_of("template1") as url,
        link(postgresql.port) as way,
        _interrupted(tmp_path, quick, _by(way, url), seaweedfs) as interrupted,
    ):
        with way.lossy():
            interrupted.endure(ANSWERED_SECONDS)
        interrupted.wait_until_ready()
        interrupted.assert_all_end_right()


def test_the_engine_gives_up_a_server_whose_packets_are_all_lost(
    postgresql: PostgreSQLServer,
) -> None:
    with postgresql.copy_of("template1") as url:
        with closing(Database(url)) as database:
            queue.prepare(database)
        with (
            link(postgresql.port) as way,
            closing(Database(_by(way, url))) as database,
            closing(TaskQueue(database)) as tasks,
        ):
            assert tasks.held() == {}
            with way.lossy():
                begin = time.monotonic()
                with pytest.raises(UNAVAILABLE):
                    tasks.held()
                assert time.monotonic() - begin < AWAY_SECONDS
            assert until(lambda: tasks.held() == {}, BACK_SECONDS, "The way back")


def test_tasks_go_on_after_all_packets_from_and_to_the_store_were_lost(
    interrupted: Interrupted, to_store: Link
) -> None:
    with to_store.lossy():
        time.sleep(AWAY_SECONDS)
    interrupted.wait_until_ready()
    interrupted.assert_all_end_right()


def test_tasks_fail_with_the_reason_where_the_store_is_away_and_leave_nothing(
    interrupted: Interrupted, to_store: Link
) -> None:
    with to_store.broken():
        time.sleep(BROKEN_SECONDS)
    interrupted.wait_until_ready()
    ended = interrupted.busy.judge()
    for task_id in interrupted.under_way:
        assert ended[task_id].status == "Failed"
        assert "remote store did not answer" in ended[task_id].error_message
    interrupted.assert_nobody_died()
