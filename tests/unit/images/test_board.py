"""The images that an account may use, as a list shows them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from imageferry.accounts import access_keys
from imageferry.database.metadata import now
from imageferry.images import board, shares
from imageferry.images.board import BoardFilter
from imageferry.images.model import ImageStatus
from support.rows import Rows, disk

BEIJING = "cn-beijing"


def ids(rows: Rows, number: int = 1, size: int = 10, **condition: Any) -> list[str]:
    which = BoardFilter(**{"account_id": rows.account, **condition})
    with rows.database.read() as connection:
        found = board.page(connection, which, number=number, size=size)
    return [image.image_id for image in found.images]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({}, "newer older"),
        ({"region_id": BEIJING}, "newer"),
        ({"status": "Available"}, "older"),
        ({"source_format": "QCOW2"}, "older"),
        ({"search": "GOLD_"}, "older"),
        ({"search": "%"}, ""),
        ({"tag_key": "team"}, "newer older"),
        ({"tag_key": "team", "tag_value": "b"}, "newer"),
        ({"tag_key": "team", "search": "nothing"}, ""),
    ],
)
def test_images_are_found_by_every_condition(
    rows: Rows, condition: dict[str, Any], found: str
) -> None:
    older = rows.image(
        disk(1),
        disk(2, source_format="QCOW2"),
        name="Gold_1",
        tags={"team": "a"},
        status=ImageStatus.AVAILABLE,
        created=now() - timedelta(days=1),
    )
    newer = rows.image(disk(1), name="GoldX1", region_id=BEIJING, tags={"team": "b"})
    names = {"older": older, "newer": newer}

    assert ids(rows, **condition) == [names[name] for name in found.split()]


def test_pages_follow_each_other(rows: Rows) -> None:
    made = [rows.image(created=now() - timedelta(days=number)) for number in range(3)]

    assert [ids(rows, number, 2) for number in (1, 2, 3)] == [made[:2], made[2:], []]
    with rows.database.read() as connection:
        which = BoardFilter(account_id=rows.account)
        assert board.page(connection, which, number=9, size=2).total == 3


def test_images_of_others_are_found_only_where_they_are_shared(rows: Rows) -> None:
    other = rows.change(access_keys.create_account, "other")
    hidden = rows.image(account_id=other, name="hidden")
    shown = rows.image(account_id=other, name="shown")
    rows.change(shares.add, shown, rows.account)

    assert ids(rows) == [shown]
    with rows.database.read() as connection:
        assert board.find(connection, rows.account, hidden) is None
        assert board.find(connection, rows.account, "m-none") is None
        found = board.find(connection, rows.account, shown)
    assert found is not None
    assert found.name == "shown"


def test_copies_are_those_of_the_account(rows: Rows) -> None:
    other = rows.change(access_keys.create_account, "other")
    source = rows.image()
    copy = rows.image(copied_from=source)
    rows.image(copied_from=source, account_id=other)

    with rows.database.read() as connection:
        found = board.copies(connection, rows.account, source)
    assert [image.image_id for image in found] == [copy]


def test_images_are_counted_by_region(rows: Rows) -> None:
    for region_id in ("cn-hangzhou", BEIJING, "cn-hangzhou"):
        rows.image(region_id=region_id, status=ImageStatus.CREATE_FAILED)
    other = rows.change(access_keys.create_account, "other")
    rows.image(account_id=other)

    with rows.database.read() as connection:
        assert board.counts(connection, rows.account) == {BEIJING: 1, "cn-hangzhou": 2}
        assert board.counts(connection, "nobody") == {}
