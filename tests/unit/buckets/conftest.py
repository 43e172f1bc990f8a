import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from imageferry.buckets.folder import FolderStore
from imageferry.buckets.folder_bucket import FolderBucket


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "buckets")


@pytest.fixture
def bucket(store: FolderStore) -> FolderBucket:
    return store.create_bucket("images", region="cn-hangzhou", owner="1")


@pytest.fixture
def folder(tmp_path: Path, bucket: FolderBucket) -> Path:
    """The folder that the user sees."""
    return tmp_path / "buckets" / bucket.info.name


@pytest.fixture
def hidden(tmp_path: Path) -> Path:
    """The folder that the user does not see."""
    return tmp_path / "buckets" / ".imageferry"


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    """A new file, to be written and read."""
    descriptor = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield descriptor
    os.close(descriptor)
