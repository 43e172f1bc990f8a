from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from imageferry.images import queries
from imageferry.images.model import Image, ImageStatus
from imageferry.images.queries import IDS_A_QUERY, ImageFilter, Page
from support.rows import REGION, Rows, disk


def _found(rows: Rows, image_id: str) -> Image:
    image = rows.find_image(image_id)
    assert image is not None
    return image


def _page(rows: Rows, *, number: int = 1, size: int = 10, **conditions: Any) -> Page:
    condition = ImageFilter(**({"account_id": rows.account, "region_id": REGION} | conditions))
    with rows.database.read() as connection:
        return queries.page(connection, condition, number=number, size=size)


def _ids(rows: Rows, **conditions: Any) -> list[str]:
    return [image.image_id for image in _page(rows, **conditions).images]


def test_an_image_comes_back_with_its_parts(rows: Rows) -> None:
    disks = (disk(1), disk(2, device="/dev/xvdb", source_size=2**40))

    image_id = rows.image(*disks, tags={"team": "a", "env": "test"}, description="Ünïcode")

    image = _found(rows, image_id)
    assert (image.disks, image.tags, image.description) == (
        disks,
        {"env": "test", "team": "a"},
        "Ünïcode",
    )
    assert image.status is ImageStatus.WAITING


def test_an_image_is_found_by_its_owner_alone(rows: Rows) -> None:
    image_id = rows.image()

    with rows.database.read() as connection:
        own = queries.find_own(connection, image_id, rows.account, REGION)
        others = queries.find_own(connection, image_id, "somebody-else", REGION)
        elsewhere = queries.find_own(connection, image_id, rows.account, "cn-beijing")

    assert own is not None
    assert own.image_id == image_id
    assert (others, elsewhere) == (None, None)


def test_a_deleted_image_leaves_no_row(rows: Rows) -> None:
    image_id = rows.image(disk(), tags={"a": "b"})
    kept = rows.image(disk())

    rows.change(queries.delete, image_id)

    assert rows.find_image(image_id) is None
    with rows.database.read() as connection:
        counts = [
            connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            for table in ("images", "image_disks", "snapshots", "tags")
        ]
    assert counts == [1, 1, 1, 0]
    assert _ids(rows) == [kept]


def test_what_is_found_out_of_a_disk_is_noted_with_it_alone(rows: Rows) -> None:
    image_id = rows.image(disk(1), disk(2))

    rows.change(queries.record_disk, image_id, 2, source_sha256="abc", stored_size=7)

    shown = [(found.source_sha256, found.stored_size) for found in _found(rows, image_id).disks]
    assert shown == [("", 0), ("abc", 7)]


def test_a_name_is_taken_unless_its_import_failed(rows: Rows) -> None:
    image_id = rows.image(name="golden")

    def taken(name: str, region: str = REGION) -> tuple[str, ImageStatus] | None:
        with rows.database.read() as connection:
            return queries.id_of_name(connection, name, rows.account, region)

    assert taken("golden") == (image_id, ImageStatus.WAITING)
    assert (taken("Golden"), taken("golden", "cn-beijing")) == (None, None)
    rows.change(queries.set_status, image_id, ImageStatus.CREATE_FAILED)
    assert taken("golden") is None


def test_the_count_has_images_of_every_status(rows: Rows) -> None:
    for status in ImageStatus:
        rows.image(status=status)

    with rows.database.read() as connection:
        assert queries.count(connection, rows.account, REGION) == len(ImageStatus)
        assert queries.count(connection, rows.account, "cn-beijing") == 0


def test_pages_are_newest_first(rows: Rows) -> None:
    made = [rows.image() for _ in range(5)]

    pages = [_page(rows, number=number, size=2) for number in (1, 2, 3, 4)]

    assert [[image.image_id for image in page.images] for page in pages] == [
        made[:2:-1],
        made[2:0:-1],
        made[:1],
        [],
    ]
    assert {page.total for page in pages} == {5}


@pytest.mark.parametrize(
    "condition",
    [
        {"statuses": ("Available", "Creating")},
        {"name": "wanted"},
        {"os_type": "windows"},
        {"architecture": "arm64"},
        {"resource_group_id": "rg-1"},
        {"snapshot_id": "s-wanted"},
        {"tags": {"team": "a"}},
        {"tags": {"team": None, "env": "x"}},
    ],
)
def test_conditions_narrow_a_list(rows: Rows, condition: dict[str, Any]) -> None:
    rows.image(disk(), tags={"team": "b", "other": "a"})
    wanted = rows.image(
        disk(snapshot_id="s-wanted"),
        tags={"team": "a", "env": "x"},
        status=ImageStatus.AVAILABLE,
        name="wanted",
        os_type="windows",
        architecture="arm64",
        resource_group_id="rg-1",
    )

    assert _ids(rows, **condition) == [wanted]
    assert _ids(rows, **condition, image_ids=("m-unknown",)) == []


def test_the_times_of_creation_are_inclusive(rows: Rows) -> None:
    image_id = rows.image()
    created = _found(rows, image_id).created
    moment = timedelta(microseconds=1)

    assert _ids(rows, created_from=created, created_to=created) == [image_id]
    assert _ids(rows, created_from=created + moment) == []
    assert _ids(rows, created_to=created - moment) == []


def test_which_images_may_have_disks(rows: Rows) -> None:
    kept = {
        rows.image(status=status)
        for status in ImageStatus
        if status is not ImageStatus.CREATE_FAILED
    }
    failed = rows.image(status=ImageStatus.CREATE_FAILED)
    many = [f"m-{number}" for number in range(2 * IDS_A_QUERY)]

    with rows.database.read() as connection:
        assert queries.keep_ids(connection, [failed, *many, *kept]) == kept
        assert queries.keep_ids(connection, []) == set()
