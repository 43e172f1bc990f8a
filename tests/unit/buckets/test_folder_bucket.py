import errno
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageferry.buckets.folder import FolderStore
from imageferry.buckets.folder_bucket import FolderBucket
from imageferry.buckets.interface import (
    Bucket,
    BucketNotFoundError,
    ObjectChangedError,
    ObjectExistsError,
    ObjectNotFoundError,
    StoreError,
)

NOW = timedelta(0)
ADVERSARIAL = [
    "..",
    "../x",
    "a//b",
    ".",
    "a/../../x",
    "a\\..\\b",
    ".imageferry",
    "%2e%2e",
    "a\tb\n\x1b[0m\x7f",
    "x" * 1023,
]
KEYS = st.text(st.sampled_from("ab/%.é\n"), min_size=1, max_size=4).filter(
    lambda key: key[0] != "/"
)


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def content(bucket: Bucket, key: str) -> bytes:
    with bucket.open(key) as reader:
        return reader.pread(0, reader.size)


def test_is_a_bucket_of_the_interface(bucket: FolderBucket) -> None:
    same: Bucket = bucket
    assert same.info.name == "images"


def test_put_replaces_content_and_description(bucket: FolderBucket, hidden: Path) -> None:
    bucket.put("key", [b"old"], metadata={"a": "1"})
    before = len(files_below(hidden))
    new = bucket.put("key", [b"newer"])
    assert content(bucket, "key") == b"newer"
    assert bucket.head("key") == new
    assert new.metadata == {}
    assert len(files_below(hidden)) == before


def test_a_put_that_fails_changes_nothing(bucket: FolderBucket, hidden: Path) -> None:
    old = bucket.put("key", [b"old"])
    before = files_below(hidden)

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        bucket.put("key", broken())
    assert bucket.head("key") == old
    assert files_below(hidden) == before


@pytest.mark.parametrize("key", ADVERSARIAL)
def test_adversarial_keys_stay_in_the_bucket(
    bucket: FolderBucket, folder: Path, tmp_path: Path, key: str
) -> None:
    outside = files_below(tmp_path)
    bucket.put(key, [b"x"])
    new = files_below(tmp_path) - outside
    assert len([path for path in new if folder in path.parents]) == 1
    assert all(folder in path.parents or path.suffix == ".json" for path in new)
    assert [item.key for item in bucket.list()] == [key]
    bucket.delete(key)
    assert files_below(tmp_path) == outside
    assert list(folder.iterdir()) == []


def test_a_file_copied_into_the_folder_is_an_object(bucket: FolderBucket, folder: Path) -> None:
    (folder / "disk.qcow2").write_bytes(b"one")
    first = bucket.head("disk.qcow2")
    (folder / "disk.qcow2").write_bytes(b"other")
    second = bucket.head("disk.qcow2")
    assert content(bucket, "disk.qcow2") == b"other"
    assert [item.key for item in bucket.list()] == ["disk.qcow2"]
    assert first.etag != second.etag
    assert second.crc64 is None


def test_a_file_changed_behind_our_back_loses_its_description(
    bucket: FolderBucket, folder: Path
) -> None:
    bucket.put("key", [b"ours"], metadata={"a": "1"})
    (folder / "key").write_bytes(b"theirs")
    assert bucket.head("key").crc64 is None
    assert bucket.head("key").metadata == {}


def test_links_and_special_files_are_no_objects(
    bucket: FolderBucket, folder: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    long = "x" * 300
    (folder / "link").symlink_to(secret)
    (folder / "folder").mkdir()
    os.mkfifo(folder / "fifo")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / ("x" * 60)).write_bytes(b"secret")
    (folder / ("x" * 240 + "%")).symlink_to(tmp_path / "elsewhere")
    assert list(bucket.list()) == []
    for key in ("link", "folder", "fifo", long):
        with pytest.raises(ObjectNotFoundError):
            bucket.open(key)
        with pytest.raises(ObjectNotFoundError):
            bucket.head(key)
        bucket.delete(key)
    assert secret.read_bytes() == b"secret"


def test_put_replaces_a_link_and_not_what_it_points_to(
    bucket: FolderBucket, folder: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (folder / "link").symlink_to(secret)
    bucket.put("link", [b"new"])
    assert content(bucket, "link") == b"new"
    assert secret.read_bytes() == b"secret"


def test_a_folder_in_the_way_is_said_and_leaves_nothing(
    bucket: FolderBucket, folder: Path, hidden: Path
) -> None:
    (folder / "key").mkdir()
    before = files_below(hidden)
    with pytest.raises(StoreError, match="stands in the way"):
        bucket.put("key", [b"x"])
    assert files_below(hidden) == before


def test_what_is_no_object_is_not_replaced_where_nothing_may_be(
    bucket: FolderBucket, folder: Path, hidden: Path
) -> None:
    (folder / "key").symlink_to(folder / "elsewhere")
    before = files_below(hidden)
    with pytest.raises(StoreError, match="stands in the way"):
        bucket.put("key", [b"x"], overwrite=False)
    assert files_below(hidden) == before
    assert (folder / "key").is_symlink()


def test_a_refused_put_leaves_nothing(bucket: FolderBucket, hidden: Path) -> None:
    bucket.put("key", [b"old"], overwrite=False)
    before = files_below(hidden)
    with pytest.raises(ObjectExistsError):
        bucket.put("key", [b"new"], overwrite=False)
    assert files_below(hidden) == before


def test_nothing_is_replaced_either_where_files_have_one_name_only(
    bucket: FolderBucket, hidden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_paths: object, **_options: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    bucket.put("key", [b"old"], overwrite=False)
    before = files_below(hidden)
    with pytest.raises(ObjectExistsError):
        bucket.put("key", [b"new"], overwrite=False)
    assert files_below(hidden) == before
    with bucket.open("key") as reader:
        assert reader.pread(0, 3) == b"old"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(
    keys=st.sets(KEYS, max_size=8),
    prefix=st.text("ab/é", max_size=2),
    after=st.text("ab/é", max_size=2),
)
def test_listing_is_that_of_oss(
    store: FolderStore, keys: set[str], prefix: str, after: str
) -> None:
    bucket = store.create_bucket("listing", region="r", owner="1")
    try:
        for key in keys:
            bucket.put(key, [b""])
        expected = sorted(
            (key for key in keys if key.startswith(prefix) and key.encode() > after.encode()),
            key=str.encode,
        )
        assert [item.key for item in bucket.list(prefix, after)] == expected
    finally:
        for key in keys:
            bucket.delete(key)
        store.delete_bucket("listing")


def test_a_reader_keeps_its_version(bucket: FolderBucket) -> None:
    old = bucket.put("key", [b"old version"])
    with bucket.open("key", if_match=f'"{old.etag}"') as reader:
        bucket.put("key", [b"new"])
        assert reader.pread(4, 100) == b"version"
        bucket.delete("key")
        assert reader.pread(0, 3) == b"old"
        assert reader.info == old
        assert os.pread(reader.fileno(), 3, 0) == b"old"


def test_data_ranges_skip_holes(bucket: FolderBucket, folder: Path) -> None:
    with (folder / "sparse").open("wb") as file:
        file.seek(1 << 20)
        file.write(b"x" * 4096)
        file.truncate(4 << 20)
    with bucket.open("sparse") as reader:
        assert list(reader.data_ranges()) == [(1 << 20, 4096)]
        assert reader.size == 4 << 20


def test_bytes_that_were_cut_off_are_no_hole(bucket: FolderBucket, folder: Path) -> None:
    bucket.put("key", [bytes(1 << 20)])
    with bucket.open("key") as reader:
        os.truncate(folder / "key", 1 << 19)
        with pytest.raises(ObjectChangedError, match="became shorter"):
            list(reader.data_ranges())


def test_nothing_is_put_into_a_bucket_that_is_gone(
    bucket: FolderBucket, store: FolderStore
) -> None:
    store.delete_bucket("images")
    with pytest.raises(BucketNotFoundError):
        bucket.put("none", [b""])


def test_adopt_takes_the_file_itself(bucket: FolderBucket, tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "made.qcow2"
    path.write_bytes(b"made")
    inode = path.stat().st_ino
    info = bucket.adopt("made.qcow2", path, metadata={"task": "t-1"})
    assert not path.exists()
    assert (folder / "made.qcow2").stat().st_ino == inode
    assert bucket.head("made.qcow2") == info
    assert info.metadata == {"task": "t-1"}


def test_adopt_keeps_a_given_etag(bucket: FolderBucket, tmp_path: Path) -> None:
    path = tmp_path / "made"
    path.write_bytes(b"made")
    assert bucket.adopt("made", path, etag="ABC", crc64=7).etag == "ABC"
    assert bucket.head("made").crc64 == 7


def test_adopt_copies_between_file_systems(
    bucket: FolderBucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "made"
    with path.open("wb") as file:
        file.seek(1 << 20)
        file.write(b"end")
    replace = Path.replace

    def other_file_system(self: Path, target: Path) -> Path:
        if self == path:
            raise OSError(errno.EXDEV, "another file system")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", other_file_system)
    bucket.adopt("made", path)
    assert content(bucket, "made") == bytes(1 << 20) + b"end"
    assert not path.exists()


def test_long_names_are_put_and_deleted_at_the_same_time(bucket: FolderBucket) -> None:
    keys = ["x" * 500 + str(number) for number in range(2)]

    def churn(key: str) -> None:
        for _ in range(30):
            bucket.put(key, [b"x"])
            bucket.delete(key)
        bucket.put(key, [b"x"])

    threads = [threading.Thread(target=churn, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [item.key for item in bucket.list()] == keys


WRITER = """
import resource, signal, sys
from pathlib import Path
from imageferry.buckets.folder import FolderStore

bucket = FolderStore(Path(sys.argv[1])).bucket("images")

def body():
    yield b"half of it"
    print("half", flush=True)
    sys.stdin.read()

bucket.put("key", body())
"""


def test_kill_leaves_the_old_object_and_a_sweep_no_rubbish(
    store: FolderStore, bucket: FolderBucket, tmp_path: Path
) -> None:
    old = bucket.put("key", [b"old"])
    before = files_below(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "buckets")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"half\n"
        assert store.sweep(NOW) == 0
        assert len(files_below(tmp_path)) == len(before) + 1
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    assert bucket.head("key") == old
    assert content(bucket, "key") == b"old"
    assert store.sweep(timedelta(days=1)) == 1
    assert files_below(tmp_path) == before


def test_many_objects_need_no_open_files(bucket: FolderBucket) -> None:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 12, limit[1]))
    try:
        for number in range(40):
            bucket.put(f"{number:02}", [b"x"])
        assert len(list(bucket.list())) == 40
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
