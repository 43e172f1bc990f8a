from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from imageferry.cli.file_hash import FileHash


def test_a_file_is_hashed_beside(tmp_path: Path) -> None:
    content = os.urandom(3_000_001)
    path = tmp_path / "disk.raw"
    path.write_bytes(content)

    with FileHash(path) as digest:
        found = digest.result()

    assert found == hashlib.sha256(content).hexdigest()


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with FileHash(tmp_path / "gone.raw") as digest, pytest.raises(FileNotFoundError):
        digest.result()


def test_hashing_ends_with_what_it_was_beside(tmp_path: Path) -> None:
    path = tmp_path / "huge.raw"
    path.touch()
    os.truncate(path, 1 << 42)
    before = set(threading.enumerate())

    with FileHash(path):
        pass

    assert set(threading.enumerate()) <= before
