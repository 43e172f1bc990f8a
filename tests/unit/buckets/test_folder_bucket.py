import errno
import hashlib
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

from imageferry.buckets.crc64 import Crc64
from imageferry.buckets.folder import FolderStore
from imageferry.buckets.folder_bucket import FolderBucket
from imageferry.buckets.interface import (
    Bucket,
    BucketNotFoundError,
    InvalidObjectNameError,
    ObjectChangedError,
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


def crc64(data: bytes) -> int:
    digest = Crc64()
    digest.update(data)
    return digest.value


def test_is_a_bucket_of_the_interface(bucket: FolderBucket) -> None:
    same: Bucket = bucket
    assert same.info.name == "images"


def test_put_keeps_bytes_and_what_is_known_of_them(bucket: FolderBucket) -> None:
    stored = bucket.put(
        "a/disk.raw", [b"he", b"", b"llo"], content_type="text/plain", metadata={"origin": "été"}
    )
    assert content(bucket, "a/disk.raw") == b"hello"
    assert bucket.head("a/disk.raw") == stored
    assert stored.etag == hashlib.md5(b"hello").hexdigest().upper()
    assert stored.crc64 == crc64(b"hello")
    assert (stored.size, stored.content_type) == (5, "text/plain")
    assert stored.metadata == {"origin": "été"}


def test_an_object_may_be_empty(bucket: FolderBucket) -> None:
    assert bucket.put("empty", []).size == 0
    with bucket.open("empty") as reader:
        assert reader.pread(0, 10) == b""
        assert list(reader.data_ranges()) == []


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


@pytest.mark.parametrize("key", ["", "/x", "\\x", "a\0b", "x" * 1024])
def test_keys_against_the_rules_are_refused(bucket: FolderBucket, key: str) -> None:
    with pytest.raises(InvalidObjectNameError):
        bucket.put(key, [b"x"])
    with pytest.raises(InvalidObjectNameError):
        bucket.head(key)


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


def test_if_match_refuses_another_version(bucket: FolderBucket) -> None:
    old = bucket.put("key", [b"old"])
    bucket.put("key", [b"new"])
    with pytest.raises(ObjectChangedError):
        bucket.open("key", if_match=old.etag)


def test_data_ranges_skip_holes(bucket: FolderBucket, folder: Path) -> None:
    with (folder / "sparse").open("wb") as file:
        file.seek(1 << 20)
        file.write(b"x" * 4096)
        file.truncate(4 << 20)
    with bucket.open("sparse") as reader:
        assert list(reader.data_ranges()) == [(1 << 20, 4096)]
        assert reader.size == 4 << 20


def test_what_is_not_there(bucket: FolderBucket, store: FolderStore) -> None:
    with pytest.raises(ObjectNotFoundError):
        bucket.head("none")
    with pytest.raises(ObjectNotFoundError):
        bucket.open("none")
    bucket.delete("none")
    store.delete_bucket("images")
    with pytest.raises(BucketNotFoundError):
        bucket.head("none")
    with pytest.raises(BucketNotFoundError):
        bucket.put("none", [b""])
    with pytest.raises(BucketNotFoundError):
        list(bucket.list())


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


def test_adopt_refuses_links(bucket: FolderBucket, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic"):
        bucket.adopt("link", tmp_path / "link")
    with pytest.raises(StoreError, match="no regular file"):
        bucket.adopt("folder", tmp_path)


def test_writers_at_the_same_time_end_with_one_whole_object(bucket: FolderBucket) -> None:
    bodies = [bytes([letter]) * 100_000 for letter in b"abcdef"]
    start = threading.Barrier(len(bodies))

    def write(body: bytes) -> None:
        start.wait()
        for _ in range(5):
            bucket.put("key", (body[i : i + 10_000] for i in range(0, len(body), 10_000)))

    threads = [threading.Thread(target=write, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    final = content(bucket, "key")
    assert final in bodies
    assert bucket.head("key").etag == hashlib.md5(final).hexdigest().upper()


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

FILLER = """
import resource, signal, sys
from pathlib import Path
from imageferry.buckets.folder import FolderStore

bucket = FolderStore(Path(sys.argv[1])).bucket("images")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
bucket.put("key", (bytes(65536) for _ in range(100)))
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


def test_a_full_disk_leaves_nothing(bucket: FolderBucket, tmp_path: Path) -> None:
    old = bucket.put("key", [b"old"])
    before = files_below(tmp_path)
    filler = subprocess.run(
        [sys.executable, "-c", FILLER, str(tmp_path / "buckets")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert filler.returncode == 1
    assert "File too large" in filler.stderr
    assert bucket.head("key") == old
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
