"""What tests of the running service have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from support import aftermath
from support.postgresql import PostgreSQLServer, postgresql_server
from support.processes import heed_interrupts
from support.seaweedfs import S3Server, s3_server
from support.service import Service, services

pytest_plugins = ["support.evidence"]


def pytest_configure(config: pytest.Config) -> None:
    """Show more of failures, and let what is started be interrupted, also in the background."""
    config.pluginmanager.register(aftermath)
    # What an example takes depends on the machine's other work, and tests say nothing of speed.
    hypothesis.settings.register_profile("any speed", deadline=None)
    hypothesis.settings.load_profile("any speed")
    heed_interrupts()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that the tests of one process share: they leave it running."""
    with services(tmp_path_factory.mktemp("service")) as start:
        yield start()


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server that the tests of one process share: each makes a bucket of its own."""
    with s3_server(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQLServer]:
    """A PostgreSQL that the tests of one process share: each makes a database of its own."""
    with postgresql_server() as server:
        yield server


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts services of a test's own: ``start_service("--no-worker", worker_slots=1)``."""
    with services(tmp_path) as start:
        yield start
