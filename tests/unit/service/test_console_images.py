"""The images of accounts as the console shows them."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from imageferry.accounts import access_keys
from imageferry.console.catalogue import ImageFilter, ImageTask
from imageferry.images import shares
from imageferry.images.model import DetectionItem, ImageStatus
from imageferry.service.console_images import ConsoleImages
from imageferry.settings import Settings
from imageferry.tasks.model import TaskAction
from support.rows import ON_SQLITE, Rows, database, disk, empty_database, rows, shared_postgresql

__all__ = ["database", "empty_database", "rows", "shared_postgresql"]

pytestmark = ON_SQLITE


@pytest.fixture
def images(rows: Rows) -> ConsoleImages:
    return ConsoleImages(rows.database, Settings(max_images=2, max_exports=3))


def test_an_image_is_told_with_all_that_became_of_it(images: ConsoleImages, rows: Rows) -> None:
    finding = DetectionItem("BootMode", "It has no boot loader.", "BootMode.None", "High")
    image = rows.image(disk(1, source_sha256="5e1f", detection=(finding,)), tags={"team": "a"})
    objects = [[("OSSBucket", "golden"), ("OSSObject", "disk.raw"), ("VirtualSize", "1")]]
    made = rows.task(resource_id=image, disks=objects)
    exported = rows.task(TaskAction.EXPORT_IMAGE, resource_id=image)
    rows.task(resource_id="m-other")
    copy = rows.image(copied_from=image)
    other = rows.change(access_keys.create_account, "other")
    rows.change(shares.add, image, other)

    details = images.find(rows.account, image)

    assert details is not None
    assert details.image.disks[0].findings == [("BootMode", "It has no boot loader.", "High")]
    assert details.image.disks[0].source_sha256 == "5e1f"
    assert [share.account_id for share in details.shares] == [other]
    assert [task.task_id for task in details.tasks] == [exported, made]
    assert asdict(details.tasks[1]) == asdict(
        ImageTask(
            made,
            "ImportImage",
            "Waiting",
            details.tasks[1].created,
            [("golden", "disk.raw")],
        )
    )
    assert [found.image_id for found in details.copies] == [copy]


def test_others_are_told_nothing_of_where_a_shared_image_came_from(
    images: ConsoleImages, rows: Rows
) -> None:
    other = rows.change(access_keys.create_account, "other")
    third = rows.change(access_keys.create_account, "third")
    image = rows.image(disk(1, source_sha256="5e1f"), tags={"team": "a"}, task_id="t-secret")
    rows.task(resource_id=image)
    rows.image(copied_from=image)

    assert images.find(other, image) is None
    for account_id in (other, third):
        rows.change(shares.add, image, account_id)
    details = images.find(other, image)

    assert details is not None
    assert (details.shares, details.tasks, details.copies) == ([], [], [])
    assert (details.image.tags, details.image.task_id) == ({}, "")
    (found,) = details.image.disks
    hidden = (found.source_bucket, found.source_object, found.source_etag, found.source_sha256)
    assert hidden == ("", "", "", "")
    page = images.page(other, ImageFilter(), number=1, size=10)
    assert [shown.image_id for shown in page.images] == [image]


def test_usage_is_told_against_the_quotas(rows: Rows) -> None:
    quotas = tuple(f"{rows.account}:{name}" for name in ("max_image_bytes=100", "max_images=3"))
    settings = Settings(max_images=2, max_exports=3, account_quotas=quotas)
    for _ in range(3):
        rows.image(disk(1, stored_size=7), status=ImageStatus.AVAILABLE)
    rows.claimed()
    rows.task(TaskAction.EXPORT_IMAGE)

    uses = ConsoleImages(rows.database, settings).uses(rows.account)

    assert [(use.name, use.detail, use.used, use.limit) for use in uses] == [
        ("images", "cn-hangzhou", 3, 3),
        ("stored", "", 21, 100),
        ("running", "", 1, None),
        ("waiting", "", 1, 10_000),
        ("exports", "", 1, 3),
    ]
    assert [use.is_nearly_used_up for use in uses] == [True, False, False, False, False]
    assert [use.in_bytes for use in uses] == [False, True, False, False, False]


def test_an_account_without_images_has_none_in_the_default_region(
    images: ConsoleImages, rows: Rows
) -> None:
    first = images.uses(rows.account)[0]

    assert (first.detail, first.used, first.limit) == ("cn-hangzhou", 0, 2)
