from __future__ import annotations

from pathlib import Path

import pytest

from imageferry.buckets.file_draft import FileDraft
from imageferry.buckets.interface import DraftNotFoundError


def test_a_file_that_somebody_writes_to_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "draft"
    first = FileDraft(path, Path)
    first.write(0, b"data")

    with pytest.raises(DraftNotFoundError, match="somebody else"):
        FileDraft.resume(path, Path, end=4)

    first.finish(4)
    with pytest.raises(DraftNotFoundError, match="somebody else"):
        FileDraft.resume(path, Path, end=4)
    first.leave()
    FileDraft.resume(path, Path, end=4).leave()


def test_what_was_not_kept_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "draft"
    first = FileDraft(path, Path)
    first.write(0, b"kept")
    first.keep(first.given)
    first.write(100, b"lost")
    first.leave()

    second = FileDraft.resume(path, Path, end=4)
    assert second.given == 4
    second.write(8, b"new")
    second.finish(11)
    second.leave()

    assert path.read_bytes() == b"kept" + bytes(4) + b"new"


def test_neither_a_link_nor_a_folder_nor_a_shorter_file_is_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"abc")
    (tmp_path / "link").symlink_to(tmp_path / "short")
    (tmp_path / "folder").mkdir()

    for name, end in [("short", 4), ("link", 3), ("folder", 0), ("nothing", 0)]:
        with pytest.raises(DraftNotFoundError):
            FileDraft.resume(tmp_path / name, Path, end=end)

    assert (tmp_path / "short").read_bytes() == b"abc"
