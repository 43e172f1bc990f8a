from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

import pytest

from imageferry.buckets.folder import FolderStore
from imageferry.buckets.interface import BucketExistsError, BucketNotFoundError
from imageferry.buckets.mapped import MappedStore
from imageferry.buckets.remote_errors import RemoteStoreError


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, FolderStore]:
    return {name: FolderStore(tmp_path / name) for name in ("default", "golden", "logs")}


@pytest.fixture
def mapped(parts: dict[str, FolderStore]) -> MappedStore:
    stores = [("golden", parts["golden"]), ("log-*", parts["logs"])]
    return MappedStore(stores, parts["default"])


def names(store: FolderStore | MappedStore) -> list[str]:
    return [info.name for info in store.buckets()]


def test_the_name_decides_where_a_bucket_is(
    mapped: MappedStore, parts: dict[str, FolderStore]
) -> None:
    for name in ("log-2", "golden", "other", "log-1"):
        mapped.create_bucket(name, region="r", owner="1").put("key", [name.encode()])
    assert names(mapped) == ["golden", "log-1", "log-2", "other"]
    assert names(parts["default"]) == ["other"]
    assert names(parts["golden"]) == ["golden"]
    assert names(parts["logs"]) == ["log-1", "log-2"]
    assert mapped.bucket("log-1").head("key").size == 5
    with pytest.raises(BucketExistsError):
        mapped.create_bucket("golden", region="r", owner="2")


def test_a_bucket_where_its_name_does_not_lead_is_not_there(
    mapped: MappedStore, parts: dict[str, FolderStore]
) -> None:
    parts["default"].create_bucket("golden", region="r", owner="1")
    assert names(mapped) == []
    with pytest.raises(BucketNotFoundError):
        mapped.bucket("golden")


def test_buckets_are_deleted_and_swept_everywhere(
    mapped: MappedStore, parts: dict[str, FolderStore]
) -> None:
    for name in ("golden", "other"):
        mapped.create_bucket(name, region="r", owner="1").start_upload("key")
    assert mapped.sweep(timedelta(seconds=-1)) == 2
    mapped.delete_bucket("golden")
    assert names(mapped) == ["other"]
    assert names(parts["golden"]) == []


def test_a_store_that_is_silent_keeps_no_other_from_being_swept(
    mapped: MappedStore, parts: dict[str, FolderStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: timedelta, _kept: Collection[str]) -> int:
        raise RemoteStoreError("the remote store did not answer")

    monkeypatch.setattr(parts["golden"], "sweep", fail)
    bucket = mapped.create_bucket("log-1", region="r", owner="1")
    bucket.start_upload("key")

    with pytest.raises(RemoteStoreError, match="did not answer"):
        mapped.sweep(timedelta(seconds=-1))
    assert bucket.uploads() == []


@pytest.mark.parametrize(
    ("silent", "told"),
    [("logs", r"buckets log-\*: .*did not answer"), ("default", "no store of their own: ")],
)
def test_a_store_that_is_silent_is_told_by_its_buckets(
    mapped: MappedStore,
    parts: dict[str, FolderStore],
    monkeypatch: pytest.MonkeyPatch,
    silent: str,
    told: str,
) -> None:
    def fail() -> None:
        raise RemoteStoreError("the remote store did not answer ListObjects")

    monkeypatch.setattr(parts[silent], "buckets", fail)
    monkeypatch.setattr(parts[silent], "check", fail)

    with pytest.raises(RemoteStoreError, match=told):
        mapped.buckets()
    with pytest.raises(RemoteStoreError, match=told):
        mapped.check()
    assert mapped.create_bucket("golden", region="r", owner="1").info.name == "golden"
