import errno
import os
import tempfile
from pathlib import Path

import pytest

from imageferry.buckets import write_order
from imageferry.buckets.folder import FolderStore
from imageferry.buckets.folder_bucket import SMALL_BYTES


@pytest.fixture
def _in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file system keeps the order."""
    monkeypatch.setattr(write_order, "_is_in_order", lambda _: True)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds of what is synced from now on."""
    kinds: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        kinds.append("folder" if Path(f"/proc/self/fd/{fd}").is_dir() else "file")
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    return kinds


@pytest.mark.usefixtures("_in_order")
@pytest.mark.parametrize(
    ("durable", "size", "expected"),
    [
        (True, 1, ["file", "folder"]),
        (False, SMALL_BYTES, []),
        (False, SMALL_BYTES + 1, ["file", "folder"]),
    ],
)
def test_a_small_put_waits_for_the_journal_only_if_it_has_to(
    tmp_path: Path, synced: list[str], durable: bool, size: int, expected: list[str]
) -> None:
    store = FolderStore(tmp_path / "buckets", durable=durable)
    bucket = store.create_bucket("images", region="r", owner="1")
    synced.clear()
    bucket.put("key", [bytes(size)])
    assert synced == expected


def test_a_file_system_that_may_reorder_is_waited_for(
    tmp_path: Path, synced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_order, "_is_in_order", lambda _: False)
    bucket = FolderStore(tmp_path, durable=False).create_bucket("images", region="r", owner="1")
    synced.clear()
    bucket.put("key", [b"x"])
    assert synced == ["file"]


def test_a_system_without_the_call_waits_for_the_journal(
    tmp_path: Path, synced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_order, "_write_back", lambda: None)
    with (tmp_path / "file").open("wb") as file:
        write_order.settle(file.fileno())
    assert synced == ["file"]


def test_memory_keeps_no_order() -> None:
    with tempfile.TemporaryFile(dir="/dev/shm") as file:
        assert not write_order._is_in_order(file.fileno())


@pytest.mark.usefixtures("_in_order")
def test_a_disk_that_cannot_write_is_an_error() -> None:
    reading, writing = os.pipe()
    try:
        with pytest.raises(OSError) as raised:  # noqa: PT011 - its number is compared
            write_order.settle(writing)
    finally:
        os.close(reading)
        os.close(writing)
    assert raised.value.errno == errno.ESPIPE
