from __future__ import annotations

import re

import pytest

from imageferry.tasks.model import TaskStatus, new_id


def test_an_id_is_like_those_of_ecs() -> None:
    ids = {new_id("t") for _ in range(1000)}

    assert len(ids) == 1000
    assert all(re.fullmatch(r"t-[a-z0-9]{20}", made) for made in ids)


@pytest.mark.parametrize("status", TaskStatus)
def test_what_has_ended(status: TaskStatus) -> None:
    assert status.ended == (status.value in {"Finished", "Failed", "Deleted"})
