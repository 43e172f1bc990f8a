from __future__ import annotations

from pathlib import Path

import pytest

from imageferry.buckets.folder import FolderStore
from imageferry.buckets.interface import Bucket
from imageferry.engine import leftovers
from imageferry.engine.leftovers import Leftovers
from imageferry.images.catalogue import open_catalogue
from imageferry.images.model import ImageStatus, catalogue_key
from imageferry.tasks import transitions
from support.rows import Rows


@pytest.fixture
def catalogue(tmp_path: Path) -> Bucket:
    return open_catalogue(FolderStore(tmp_path / "images"), "cn-hangzhou")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


def _find(rows: Rows, catalogue: Bucket, scratch: Path) -> Leftovers:
    return leftovers.find(rows.database, catalogue, scratch)


def _put_disk(catalogue: Bucket, image_id: str) -> str:
    key = catalogue_key(image_id, 1)
    catalogue.put(key, [b"disk"])
    return key


def _put_file(scratch: Path, task_id: str, worker: str = "embedded") -> Path:
    folder = scratch / worker / task_id
    folder.mkdir(parents=True)
    (folder / "disk-1.partial").write_bytes(b"half")
    return folder


def test_a_new_installation_has_none(rows: Rows, catalogue: Bucket, scratch: Path) -> None:
    found = _find(rows, catalogue, scratch)

    assert found == Leftovers((), ())
    assert not found


def test_what_tasks_and_images_have_is_kept(rows: Rows, catalogue: Bucket, scratch: Path) -> None:
    for task_id in (rows.task(), rows.claimed()):
        _put_file(scratch, task_id)
    for status in (ImageStatus.WAITING, ImageStatus.CREATING, ImageStatus.AVAILABLE):
        _put_disk(catalogue, rows.image(status=status))

    assert not _find(rows, catalogue, scratch)


def test_what_nobody_has_is_found_and_removed(rows: Rows, catalogue: Bucket, scratch: Path) -> None:
    ended = rows.claimed()
    rows.change(transitions.cancel, ended, "")
    folders = [_put_file(scratch, "t-unknown", "another-worker"), _put_file(scratch, ended)]
    keys = [
        _put_disk(catalogue, "m-00000000000000000000"),
        _put_disk(catalogue, rows.image(status=ImageStatus.CREATE_FAILED)),
    ]
    kept = _put_file(scratch, rows.task())

    found = _find(rows, catalogue, scratch)
    leftovers.remove(found, catalogue)

    assert found
    assert set(found.scratch) == set(folders)
    assert set(found.catalogue) == set(keys)
    assert not _find(rows, catalogue, scratch)
    assert [path.parent for path in scratch.rglob("*.partial")] == [kept]
    assert list(catalogue.list()) == []


def test_what_is_gone_meanwhile_is_no_error(rows: Rows, catalogue: Bucket, scratch: Path) -> None:
    _put_file(scratch, "t-unknown")
    _put_disk(catalogue, "m-00000000000000000000")
    found = _find(rows, catalogue, scratch)

    leftovers.remove(found, catalogue)
    leftovers.remove(found, catalogue)

    assert not _find(rows, catalogue, scratch)
