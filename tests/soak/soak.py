"""An installation under load while everything goes wrong: nothing is lost, and nothing is left.

``make soak`` runs it for ``SOAK_SECONDS``; it is no part of the tests, which have to be over soon.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from soak import verdict
from soak.chaos import Chaos
from soak.load import Load
from soak.seeds import repeatable
from support.cluster import Cluster, cluster
from support.faults import FaultyStore, faulty_store
from support.nursery import Nursery
from support.postgresql import CRASHING, PostgreSQLServer, postgresql_server
from support.seaweedfs import S3Server

SECONDS = float(os.environ.get("SOAK_SECONDS", "0"))
STRIKES = 16
"""What goes wrong at least: every kind twice."""

ASKED_A_STRIKE = 3
LEASE_SECONDS = 3
TIMEOUT_SECONDS = 5
END_SECONDS = 300.0


@pytest.fixture
def database() -> Iterator[PostgreSQLServer]:
    with postgresql_server(CRASHING) as server:
        yield server


@pytest.fixture
def store(seaweedfs: S3Server) -> Iterator[FaultyStore]:
    with faulty_store(seaweedfs.endpoint) as store:
        yield store


@pytest.fixture
def many(
    tmp_path: Path,
    database: PostgreSQLServer,
    seaweedfs: S3Server,
    store: FaultyStore,
    quick: Nursery,
) -> Iterator[Cluster]:
    """Two APIs and three workers."""
    with cluster(
        tmp_path,
        database.url(database.create()),
        seaweedfs,
        store.url,
        launch=quick.launch,
        lease_seconds=LEASE_SECONDS,
        worker_timeout_seconds=TIMEOUT_SECONDS,
        worker_slots=2,
    ) as running:
        for _ in range(2):
            running.start_api()
        for _ in range(3):
            running.start_worker()
        yield running


@pytest.mark.timeout(1200 + SECONDS)
def test_nothing_is_lost_and_nothing_is_left_whatever_goes_wrong(
    many: Cluster, database: PostgreSQLServer, store: FaultyStore
) -> None:
    with repeatable() as seed:
        chance = random.Random(seed)
        load = Load(many, chance)
        chaos = Chaos(many, database, store, chance, LEASE_SECONDS)
        end = time.monotonic() + SECONDS
        while len(chaos.done) < STRIKES or time.monotonic() < end:
            for _ in range(ASKED_A_STRIKE):
                load.go_on()
            chaos.strike()
        chaos.end()
        load.wait(END_SECONDS)

        # One that was frozen last may end only now.
        ended = verdict.judge(many, load.disks, chaos.revive)
        assert many.server.uploads(many.bucket) == []
    print(f"{len(chaos.done)} strikes; {verdict.counted(ended)}")  # noqa: T201 - what it was about
    assert len(ended) > STRIKES
