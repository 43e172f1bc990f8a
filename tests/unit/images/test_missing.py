from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imageferry.buckets.folder import FolderStore
from imageferry.buckets.interface import Bucket, ObjectInfo
from imageferry.images import missing, queries
from imageferry.images.catalogue import open_catalogue
from imageferry.images.model import ImageStatus, catalogue_key
from support.rows import Rows, disk

DISK = b"disk"


@pytest.fixture
def catalogue(tmp_path: Path) -> Bucket:
    return open_catalogue(FolderStore(tmp_path / "images"), "cn-hangzhou")


def _image(rows: Rows, catalogue: Bucket, **values: Any) -> str:
    disks = [disk(position, stored_size=len(DISK)) for position in (1, 2)]
    image_id = rows.image(*disks, **{"status": ImageStatus.AVAILABLE} | values)
    for part in disks:
        catalogue.put(catalogue_key(image_id, part.position), [DISK])
    return image_id


def test_images_with_all_their_disks_are_well(rows: Rows, catalogue: Bucket) -> None:
    _image(rows, catalogue)

    assert missing.find(rows.database, catalogue) == []


def test_a_disk_that_is_gone_and_one_of_another_size(rows: Rows, catalogue: Bucket) -> None:
    _image(rows, catalogue)
    gone, deprecated, cut = (
        _image(rows, catalogue, status=status)
        for status in (ImageStatus.AVAILABLE, ImageStatus.DEPRECATED, ImageStatus.AVAILABLE)
    )
    for image_id in (gone, deprecated):
        catalogue.delete(catalogue_key(image_id, 2))
    catalogue.put(catalogue_key(cut, 1), [DISK[:-1]])

    assert missing.find(rows.database, catalogue) == sorted([gone, deprecated, cut])


@pytest.mark.parametrize(
    "status", [ImageStatus.WAITING, ImageStatus.CREATING, ImageStatus.CREATE_FAILED]
)
def test_an_image_that_is_not_made_has_no_disks_yet(
    rows: Rows, catalogue: Bucket, status: ImageStatus
) -> None:
    rows.image(disk(), status=status)

    assert missing.find(rows.database, catalogue) == []


def test_an_image_that_is_deleted_meanwhile_misses_nothing(
    rows: Rows, catalogue: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = _image(rows, catalogue)

    def list_after_the_end() -> Iterator[ObjectInfo]:
        rows.change(queries.delete, image_id)
        return iter(())

    monkeypatch.setattr(catalogue, "list", list_after_the_end)

    assert missing.find(rows.database, catalogue) == []
