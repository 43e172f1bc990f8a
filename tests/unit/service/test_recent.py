from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from imageferry.service.recent import Recent


def test_an_answer_is_found_out_again_when_it_is_old() -> None:
    moment = [0.0]
    recent = Recent(count().__next__, 5, lambda: moment[0])

    found = []
    for moment[0] in (0.0, 4.9, 5.0, 9.9, 10.0):
        found.append(recent.get())

    assert found == [0, 0, 1, 1, 2]


def test_an_error_is_not_remembered() -> None:
    answers: Iterator[ValueError | str] = iter([ValueError("first"), "second"])

    def find() -> str:
        answer = next(answers)
        if isinstance(answer, ValueError):
            raise answer
        return answer

    recent = Recent(find, 5)

    with pytest.raises(ValueError, match="first"):
        recent.get()
    assert recent.get() == "second"
