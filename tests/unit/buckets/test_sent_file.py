"""Files whose bytes are sent while they are written, here into another file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from imageferry.buckets.draft import Draft
from imageferry.buckets.file_draft import FileDraft
from imageferry.buckets.interface import DraftNotFoundError
from imageferry.buckets.sent_file import SentFile
from imageferry.imaging.source import FileSource

HEAD, REST = b"head" * 16, b"rest" * 1000


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the bytes are sent."""
    return tmp_path / "object"


@pytest.fixture
def draft(target: Path) -> FileDraft[Path]:
    """What takes them there."""
    return FileDraft(target, Path)


@pytest.fixture
def sent(tmp_path: Path, draft: FileDraft[Path]) -> Iterator[SentFile]:
    """A file that is sent."""
    made = SentFile(FileDraft(tmp_path / "file", Path), cast("Draft", draft))
    yield made
    made.leave()


def test_both_get_all_bytes(sent: SentFile, target: Path) -> None:
    sent.write(len(HEAD), REST)
    sent.write(0, HEAD)

    assert cast("Path", sent.finish(len(HEAD + REST))) == target
    assert sent.path.read_bytes() == target.read_bytes() == HEAD + REST


def test_bytes_of_a_source_come_to_the_same_place(
    sent: SentFile, target: Path, tmp_path: Path
) -> None:
    (tmp_path / "source").write_bytes(HEAD + REST)
    with FileSource(tmp_path / "source") as source:
        sent.copy(source, len(HEAD), len(REST))

    sent.finish(len(HEAD + REST))

    assert sent.path.read_bytes() == target.read_bytes() == bytes(len(HEAD)) + REST


def test_the_one_that_is_behind_tells_what_was_given(
    sent: SentFile, draft: FileDraft[Path]
) -> None:
    sent.write(0, REST)
    assert sent.given == len(REST)
    draft.write(len(REST), HEAD)
    assert sent.given == len(REST)


def test_both_can_be_gone_on_with(sent: SentFile, target: Path) -> None:
    sent.write(0, HEAD + REST)
    sent.keep(len(HEAD))
    for path in (sent.path, target):
        with pytest.raises(DraftNotFoundError, match="somebody else"):
            FileDraft.resume(path, Path, end=len(HEAD))

    sent.leave()

    for path in (sent.path, target):
        FileDraft.resume(path, Path, end=len(HEAD)).leave()
        assert path.read_bytes() == HEAD


def test_its_id_is_that_of_the_object(sent: SentFile, draft: FileDraft[Path]) -> None:
    assert sent.id == draft.id == "object"
