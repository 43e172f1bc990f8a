"""Real stores, a real database, real qemu-img, and no processes of the service.

What the steps ask of a database, tests/unit shows on SQLite and on PostgreSQL. Here a test runs on
both where it is marked ON_BOTH: where a database is away, where a worker dies in the middle of a
transaction, and where another one has taken its task.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imageferry.buckets.open import open_buckets, open_images
from imageferry.buckets.remote_store import RemoteStore
from imageferry.buckets.s3 import S3Client
from imageferry.settings import Settings
from imageferry.tasks.model import TaskStatus
from support.disks import DATA, DISK
from support.faults import FaultyStore, faulty_store
from support.ferry import Ferry
from support.rows import Rows, empty_database, rows, shared_postgresql, sqlite_database
from support.seaweedfs import REGION, S3Server

__all__ = ["empty_database", "ferry", "rows", "shared_postgresql", "sqlite_database"]


@pytest.fixture
def ferry(tmp_path: Path, rows: Rows) -> Ferry:
    """An installation of the test's own."""
    return Ferry(tmp_path / "data", rows)


@pytest.fixture
def s3(seaweedfs: S3Server) -> S3Client:
    """A bucket of the test's own in S3."""
    return seaweedfs.remote_client()


@pytest.fixture
def in_s3(tmp_path: Path, rows: Rows, s3: S3Client) -> Ferry:
    """An installation that has everything in S3."""
    return Ferry(
        tmp_path / "data",
        rows,
        store=RemoteStore(s3, "buckets/"),
        image_store=RemoteStore(s3, "images/"),
    )


@pytest.fixture
def on_s3(tmp_path: Path, rows: Rows, seaweedfs: S3Server) -> Ferry:
    """An installation that has everything in S3, and that another process can open."""
    return _opened(tmp_path / "data", rows, seaweedfs, seaweedfs.endpoint)


@pytest.fixture
def proxy(seaweedfs: S3Server) -> Iterator[FaultyStore]:
    """What is between an installation and S3, and fails on purpose."""
    with faulty_store(seaweedfs.endpoint) as store:
        yield store


@pytest.fixture
def behind_proxy(tmp_path: Path, rows: Rows, seaweedfs: S3Server, proxy: FaultyStore) -> Ferry:
    """An installation that has everything in S3, behind the proxy."""
    return _opened(tmp_path / "data", rows, seaweedfs, proxy.url)


def _opened(folder: Path, rows: Rows, server: S3Server, endpoint: str) -> Ferry:
    options = f"region={REGION}&endpoint={endpoint}&path_style=true"
    bucket = server.make_bucket()
    settings: dict[str, Any] = {
        "buckets_url": f"s3://{bucket}/buckets?{options}",
        "images_url": f"s3://{bucket}/images?{options}",
        "s3_access_key_id": server.access_key_id,
        "s3_access_key_secret": server.access_key_secret,
    }
    opened = Settings(**settings)
    store, image_store = open_buckets(opened), open_images(opened)
    return Ferry(folder, rows, store=store, image_store=image_store, **settings)


@pytest.fixture
def image_id(ferry: Ferry) -> str:
    """An image of two disks."""
    ferry.bucket.put("system.raw", [DISK])
    ferry.bucket.put("data.raw", [DATA])
    image_id, task_id = ferry.import_image("system.raw", "data.raw")
    assert ferry.run(task_id).status is TaskStatus.FINISHED
    return image_id
