import hashlib
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
    StoreError,
    Upload,
    UploadNotFoundError,
)

NOW = timedelta(0)


def content(bucket: Bucket, key: str) -> bytes:
    with bucket.open(key) as reader:
        return reader.pread(0, reader.size)


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def expected_etag(*parts: bytes) -> str:
    digests = b"".join(hashlib.md5(part).digest() for part in parts)
    return f"{hashlib.md5(digests).hexdigest().upper()}-{len(parts)}"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25
)
@given(
    parts=st.dictionaries(st.integers(1, 10_000), st.binary(max_size=5000), min_size=1, max_size=5)
)
def test_parts_in_any_order_become_the_object(
    bucket: FolderBucket, parts: dict[int, bytes]
) -> None:
    upload: Upload = bucket.start_upload("key", content_type="text/plain", metadata={"a": "1"})
    for number, data in parts.items():
        upload.write_part(number, [data])
    info = upload.complete()
    whole = [data for _, data in sorted(parts.items())]
    digest = Crc64()
    digest.update(b"".join(whole))
    assert content(bucket, "key") == b"".join(whole)
    assert info == bucket.head("key")
    assert (info.etag, info.crc64) == (expected_etag(*whole), digest.value)
    assert (info.content_type, info.metadata) == ("text/plain", {"a": "1"})


def test_abort_leaves_nothing(bucket: FolderBucket, tmp_path: Path) -> None:
    before = set(tmp_path.rglob("*"))
    upload = bucket.start_upload("key")
    upload.write_part(1, [b"x"])
    upload.abort()
    assert set(tmp_path.rglob("*")) == before
    assert bucket.uploads() == []


def test_complete_leaves_the_object_only(bucket: FolderBucket, tmp_path: Path) -> None:
    before = files_below(tmp_path)
    upload = bucket.start_upload("key")
    upload.write_part(1, [b"x"])
    upload.write_part(2, [b"y"])
    upload.complete()
    assert [path.name for path in files_below(tmp_path) - before] == ["key"]


def test_a_part_that_fails_leaves_the_earlier_one(bucket: FolderBucket, hidden: Path) -> None:
    upload = bucket.start_upload("key")
    old = upload.write_part(1, [b"old"])
    before = files_below(hidden)

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise FileNotFoundError("the source is gone")

    with pytest.raises(FileNotFoundError):
        upload.write_part(1, broken())
    assert upload.parts() == [old]
    assert files_below(hidden) == before


def test_an_abort_ends_a_part_that_is_being_written(bucket: FolderBucket, hidden: Path) -> None:
    upload = bucket.start_upload("key")

    def aborted_on_the_way() -> Iterator[bytes]:
        yield b"half"
        upload.abort()
        yield b"rest"

    with pytest.raises(UploadNotFoundError):
        upload.write_part(1, aborted_on_the_way())
    assert not [path for path in files_below(hidden) if path.name.startswith(".new")]


def test_writers_of_one_part_end_with_one_whole(bucket: FolderBucket) -> None:
    upload = bucket.start_upload("key")
    bodies = [bytes([letter]) * 50_000 for letter in b"abcd"]
    start = threading.Barrier(len(bodies))

    def write(body: bytes) -> None:
        start.wait()
        for _ in range(5):
            upload.write_part(1, [body])

    threads = [threading.Thread(target=write, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    upload.complete()
    assert content(bucket, "key") in bodies


@pytest.mark.parametrize("count", [1, 3])
def test_of_many_that_end_an_upload_one_succeeds(bucket: FolderBucket, count: int) -> None:
    for _ in range(5):
        upload = bucket.start_upload("key")
        for number in range(1, count + 1):
            upload.write_part(number, [b"x" * 1000])
        start = threading.Barrier(6)
        ended: list[str] = []

        def end(
            act: str,
            upload: Upload = upload,
            ended: list[str] = ended,
            start: threading.Barrier = start,
        ) -> None:
            start.wait()
            try:
                upload.complete() if act == "complete" else upload.abort()
            except UploadNotFoundError:
                return
            ended.append(act)

        threads = [threading.Thread(target=end, args=(act,)) for act in ("complete", "abort") * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ended) == 1
        assert (ended == ["complete"]) == bool(list(bucket.list()))
        bucket.delete("key")


def test_a_blocked_object_keeps_the_upload(bucket: FolderBucket, folder: Path) -> None:
    upload = bucket.start_upload("key")
    upload.write_part(1, [b"x"])
    (folder / "key").mkdir()
    with pytest.raises(StoreError):
        upload.complete()
    (folder / "key").rmdir()
    upload.complete()
    assert content(bucket, "key") == b"x"


COMPLETER = """
import os, signal, sys
from pathlib import Path
from imageferry.buckets import folder_upload
from imageferry.buckets.folder import FolderStore

bucket = FolderStore(Path(sys.argv[1])).bucket("images")

def killed(*arguments, **names):
    os.kill(os.getpid(), signal.SIGKILL)

module, name = sys.argv[3].rsplit(".", 1)
owner = getattr(folder_upload, module) if module != "folder_upload" else folder_upload
setattr(owner, name, killed)
bucket.upload(sys.argv[2]).complete()
"""


@pytest.mark.parametrize(
    "moment",
    ["folder_upload.append", "ObjectFiles.publish", "ObjectFiles._rename", "FolderUpload._forget"],
)
def test_a_kill_while_completing_leaves_an_upload_that_completes(
    store: FolderStore, bucket: FolderBucket, tmp_path: Path, moment: str
) -> None:
    upload = bucket.start_upload("key")
    for number in (1, 2):
        upload.write_part(number, [b"x" * 10])
    killed = subprocess.run(
        [sys.executable, "-c", COMPLETER, str(tmp_path / "buckets"), upload.id, moment],
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -9, killed.stderr
    bucket.upload(upload.id).complete()
    assert content(bucket, "key") == b"x" * 20
    store.sweep(NOW)
    bucket.delete("key")
    assert [path.name for path in files_below(tmp_path)].count("bucket.json") == 1
    assert len(files_below(tmp_path)) == 2


def test_parts_by_the_thousand_need_few_open_files(bucket: FolderBucket) -> None:
    upload = bucket.start_upload("key")
    for number in range(1, 1201):
        upload.write_part(number, [b"x"])
    assert upload.complete().size == 1200
