from __future__ import annotations

from imageferry.imaging.source_progress import SourceProgress


def test_what_is_taken_is_shown_where_no_hash_is_wanted() -> None:
    seen: list[int] = []
    progress = SourceProgress(seen.append, total=100, size=400, hashed=None)
    progress.taken(30)
    progress.taken(100)
    assert seen == [30, 100]


def test_the_one_that_is_behind_is_shown() -> None:
    seen: list[int] = []
    hashed = 0
    progress = SourceProgress(seen.append, total=100, size=400, hashed=lambda: hashed)
    progress.taken(30)
    hashed = 200
    progress.taken(60)
    progress.taken(100)
    hashed = 300
    progress.show()
    hashed = 400
    progress.show()
    assert seen == [0, 50, 50, 75, 100]


def test_an_empty_source_has_nothing_to_show() -> None:
    seen: list[int] = []
    SourceProgress(seen.append, total=0, size=0, hashed=lambda: 0).show()
    assert seen == [0]
