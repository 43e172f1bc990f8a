from __future__ import annotations

import pytest

from imageferry.actions import not_found
from imageferry.actions.errors import ServiceError


@pytest.mark.parametrize(
    ("error", "code", "field"),
    [
        (not_found.image("m-none", "cn-beijing"), "InvalidImageId.NotFound", "ImageId"),
        (not_found.task("m-none", "cn-beijing"), "InvalidTaskId.NotFound", "TaskId"),
    ],
)
def test_the_field_its_value_and_the_remedy_are_told(
    error: ServiceError, code: str, field: str
) -> None:
    assert error.code.code == code
    assert error.recommend.startswith(f"{field} is 'm-none', of which you have none in cn-beijing.")
    assert error.recommend.endswith(error.code.remedy)


def test_an_answer_does_not_grow_with_the_request() -> None:
    assert len(not_found.image("m" * 10_000, "cn-beijing").recommend) < 200
