from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest
import structlog

from imageferry.buckets.folder import FolderStore
from imageferry.buckets.folder_bucket import FolderBucket
from imageferry.buckets.interface import StoreError
from imageferry.images.catalogue import (
    CATALOGUE_BUCKET,
    discard,
    discard_or_leave,
    open_catalogue,
)
from imageferry.images.model import catalogue_key, image_of_key
from support.rows import disk

IMAGE, OTHER = "m-0123456789abcdefghij", "m-0123456789abcdefghik"


def test_the_catalogue_is_made_once(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)

    first, second = (open_catalogue(store, "cn-hangzhou") for _ in range(2))

    assert first.info == second.info
    assert first.info.name == CATALOGUE_BUCKET


def test_the_catalogue_that_another_process_makes_at_the_same_moment_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, others = FolderStore(tmp_path), FolderStore(tmp_path)
    create = store.create_bucket

    def create_too_late(name: str, *, region: str, owner: str) -> FolderBucket:
        others.create_bucket(name, region=region, owner=owner)
        return create(name, region=region, owner=owner)

    monkeypatch.setattr(store, "create_bucket", create_too_late)

    assert open_catalogue(store, "cn-hangzhou").info == others.bucket(CATALOGUE_BUCKET).info


def test_the_disks_of_one_image_are_discarded(tmp_path: Path) -> None:
    catalogue = open_catalogue(FolderStore(tmp_path), "cn-hangzhou")
    for image, position in ((IMAGE, 1), (IMAGE, 2), (OTHER, 1)):
        catalogue.put(catalogue_key(image, position), [b"disk"])

    discard(catalogue, IMAGE)
    discard(catalogue, IMAGE)

    assert [stored.key for stored in catalogue.list()] == [catalogue_key(OTHER, 1)]


@pytest.mark.parametrize("error", [OSError("read-only"), StoreError("away")], ids=str)
def test_disks_that_cannot_be_discarded_now_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    catalogue = open_catalogue(FolderStore(tmp_path), "cn-hangzhou")
    catalogue.put(catalogue_key(IMAGE, 1), [b"disk"])

    with monkeypatch.context() as patch, structlog.testing.capture_logs() as logs:
        patch.setattr(type(catalogue), "delete", Mock(side_effect=error))
        discard_or_leave(catalogue, IMAGE)

    assert [stored.key for stored in catalogue.list()] == [catalogue_key(IMAGE, 1)]
    (entry,) = logs
    assert (entry["event"], entry["image_id"]) == ("disks_left", IMAGE)
    discard_or_leave(catalogue, IMAGE)
    assert list(catalogue.list()) == []


@pytest.mark.parametrize(
    ("position", "name"), [(1, "system"), (2, "data-1"), (17, "data-16")], ids=str
)
def test_the_key_of_a_disk(position: int, name: str) -> None:
    key = catalogue_key(IMAGE, position)

    assert key == f"{IMAGE}-{name}.qcow2"
    assert image_of_key(key) == IMAGE
    assert disk(position).is_system == (position == 1)
