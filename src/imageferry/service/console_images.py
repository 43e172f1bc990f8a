"""The images of accounts as the console shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from imageferry.console import catalogue
from imageferry.console.catalogue import ImageDetails, ImageFilter, ImagePage, ImageTask, Use
from imageferry.database.connection import Database
from imageferry.images import board, shares
from imageferry.images import queries as images
from imageferry.images.board import BoardFilter
from imageferry.images.model import Image, ImageDisk
from imageferry.settings import Settings
from imageferry.tasks import lists, waiting
from imageferry.tasks import queries as tasks
from imageferry.tasks.lists import TaskFilter
from imageferry.tasks.model import TaskAction

MAX_COUNTED = 1_000_000
"""How many waiting tasks are counted: as many as an account may have at the most."""

_QUOTAS = {
    "stored": "max_image_bytes",
    "running": "max_running_tasks",
    "waiting": "max_waiting_tasks",
    "exports": "max_exports",
}

MAX_TASKS = 50
"""How many of the tasks of an image its page shows: the newest."""


class ConsoleImages:
    """The images in a database.

    Args:
        database: The database.
        settings: How the service is set up; it says how much an account may have.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    def page(self, account_id: str, condition: ImageFilter, *, number: int, size: int) -> ImagePage:
        """A page of the list of the images that an account may use; ``number`` is from 1."""
        which = BoardFilter(account_id=account_id, **vars(condition))
        with self._database.read() as connection:
            found = board.page(connection, which, number=number, size=size)
            return ImagePage(_images(connection, account_id, found.images), found.total)

    def find(self, account_id: str, image_id: str) -> ImageDetails | None:
        """All that is known of an image, if the account may use it."""
        with self._database.read() as connection:
            image = board.find(connection, account_id, image_id)
            if image is None:
                return None
            is_own = image.account_id == account_id
            return ImageDetails(
                _images(connection, account_id, [image])[0],
                [
                    catalogue.Share(share.account_id, share.shared)
                    for share in (shares.of_image(connection, image_id) if is_own else ())
                ],
                _tasks(connection, account_id, image),
                _images(connection, account_id, board.copies(connection, account_id, image_id)),
            )

    def uses(self, account_id: str) -> Sequence[Use]:
        """What an account uses of its quotas."""
        settings = self._settings
        with self._database.read() as connection:
            regions = board.counts(connection, account_id) or {settings.default_region: 0}
            used = {
                "stored": images.bytes_of_account(connection, account_id),
                "running": waiting.count_running(connection, account_id),
                "waiting": waiting.count(connection, account_id, MAX_COUNTED),
                "exports": tasks.count_active(connection, account_id, TaskAction.EXPORT_IMAGE),
            }
        most = settings.quota("max_images", account_id)
        return [
            *(
                Use(name="images", detail=region_id, used=count, limit=most)
                for region_id, count in regions.items()
            ),
            *(
                Use(
                    name=name,
                    used=count,
                    # Of these quotas, 0 is none.
                    limit=settings.quota(_QUOTAS[name], account_id) or None,
                    in_bytes=name == "stored",
                )
                for name, count in used.items()
            ),
        ]


def _images(
    connection: sa.Connection, account_id: str, found: Sequence[Image]
) -> Sequence[catalogue.Image]:
    percents = tasks.percents(connection, [image.task_id for image in found])
    return [_image(image, account_id, percents) for image in found]


def _image(image: Image, account_id: str, percents: Mapping[str, int]) -> catalogue.Image:
    is_own = image.account_id == account_id
    return catalogue.Image(
        image_id=image.image_id,
        name=image.name,
        region_id=image.region_id,
        owner_id=image.account_id,
        status=image.status.value,
        percent=image.percent(percents),
        created=image.created,
        description=image.description,
        architecture=image.architecture,
        os_type=image.os_type,
        platform=image.platform,
        boot_mode=image.boot_mode,
        task_id=image.task_id if is_own else "",
        copied_from=image.copied_from if is_own else "",
        disks=[_disk(disk, is_own=is_own) for disk in image.disks],
        tags=image.tags if is_own else {},
    )


def _disk(disk: ImageDisk, *, is_own: bool) -> catalogue.ImageDisk:
    """A disk; where it came from is told to the image's owner alone, as by the API."""
    return catalogue.ImageDisk(
        position=disk.position,
        device=disk.device,
        snapshot_id=disk.snapshot_id,
        source_bucket=disk.source_bucket if is_own else "",
        source_object=disk.source_object if is_own else "",
        source_etag=disk.source_etag if is_own else "",
        source_size=disk.source_size,
        source_sha256=disk.source_sha256 if is_own else "",
        source_format=disk.source_format,
        size_gib=disk.size_gib,
        virtual_size=disk.virtual_size,
        stored_size=disk.stored_size,
        content_hash=disk.content_hash,
        findings=[(item.name, item.value, item.risk_level) for item in disk.detection]
        if is_own
        else [],
    )


def _tasks(connection: sa.Connection, account_id: str, image: Image) -> Sequence[ImageTask]:
    """The account's tasks that made or used an image."""
    which = TaskFilter(
        account_id=account_id, region_id=image.region_id, resource_ids=(image.image_id,)
    )
    found = lists.page(connection, which, number=1, size=MAX_TASKS, anchor=None)
    return [
        ImageTask(
            task.task_id,
            task.action.value,
            task.status.value,
            task.created,
            _objects(connection, task.task_id),
        )
        for task in found.tasks
    ]


def _objects(connection: sa.Connection, task_id: str) -> Sequence[tuple[str, str]]:
    disks = (dict(disk.related_items) for disk in tasks.disks(connection, task_id))
    return [(disk["OSSBucket"], disk["OSSObject"]) for disk in disks if "OSSObject" in disk]
