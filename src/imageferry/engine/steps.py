"""What every step of a task has in common: hold the task, do the work, say what came of it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress

import structlog

from imageferry.buckets.interface import BucketNotFoundError, ObjectNotFoundError
from imageferry.database.connection import UNAVAILABLE
from imageferry.engine.context import TASK_METADATA, WorkerContext
from imageferry.engine.copy_image import CopyImage
from imageferry.engine.export_image import ExportImage
from imageferry.engine.failures import (
    IMAGE_NOT_FOUND,
    INTERNAL_ERROR,
    TOO_MANY_ATTEMPTS,
    DiskFailedError,
    reported_for,
)
from imageferry.engine.import_image import ImportImage
from imageferry.engine.new_image import NewImage
from imageferry.engine.ownership import Ownership, OwnershipLostError
from imageferry.images import queries as images
from imageferry.images.catalogue import discard
from imageferry.images.model import Image, ImageStatus
from imageferry.imaging.lease import LeaseExpiredError
from imageferry.tasks import queries
from imageferry.tasks.model import Task, TaskAction, TaskStatus

DATABASE_PAUSE_SECONDS = 1.0
"""How long a step waits before it tries again to reach the database."""

_log = structlog.get_logger()

WORK: Mapping[TaskAction, Callable[[WorkerContext, Ownership, Image], NewImage | ExportImage]] = {
    TaskAction.IMPORT_IMAGE: ImportImage,
    TaskAction.EXPORT_IMAGE: ExportImage,
    TaskAction.COPY_IMAGE: CopyImage,
}

STEPS = {
    TaskAction.IMPORT_IMAGE: ("transfer", "verify", "detect", "publish"),
    TaskAction.EXPORT_IMAGE: ("transfer",),
    TaskAction.COPY_IMAGE: ("transfer", "verify", "publish"),
}
"""For each action the methods of its work, in order; each is durable by itself."""


class Steps:
    """Runs the steps of tasks.

    Args:
        context: What is below the steps.
    """

    def __init__(self, context: WorkerContext) -> None:
        self._context = context

    async def run(self, task_id: str, step: str) -> bool:
        """Run one step of a task, and say whether the next one is to follow.

        It does not follow when the task has ended: cancelled, failed, or taken
        over by another worker.
        """
        while True:
            try:
                return await self._attempt(task_id, step)
            except OwnershipLostError:
                return False
            except LeaseExpiredError:
                # This worker was frozen or cut off from the database: whether the
                # task is still its own, the next claim shows.
                _log.warning("lease_expired", task_id=task_id, step=step)
            except UNAVAILABLE as error:
                reason = str(error).splitlines()[0]
                _log.warning("database_unavailable", task_id=task_id, step=step, reason=reason)
                await asyncio.sleep(DATABASE_PAUSE_SECONDS)

    async def clean_up(self, task_id: str) -> None:
        """Take away what a task has left: its scratch, and what it published in vain."""
        await asyncio.to_thread(self._clean_up, task_id)

    def _clean_up(self, task_id: str) -> None:
        shutil.rmtree(self._context.scratch / task_id, ignore_errors=True)
        with self._context.database.read() as connection:
            task = queries.find(connection, task_id)
        if task is None or not task.status.ended:
            return
        self._discard_staged(task)
        if task.status is TaskStatus.FINISHED:
            return
        if task.action.makes_image:
            discard(self._context.catalogue, task.resource_id)
        else:
            self._withdraw_objects(task)

    def _discard_staged(self, task: Task) -> None:
        """Take back what was on its way into a store when the task ended."""
        if task.action.makes_image:
            self._context.catalogue.discard_staged(task.task_id)
            return
        with suppress(BucketNotFoundError):
            self._context.store.bucket(task.request["OSSBucket"]).discard_staged(task.task_id)

    async def _attempt(self, task_id: str, step: str) -> bool:
        ownership = await asyncio.to_thread(
            Ownership.claim, self._context.database, task_id, self._context.settings.lease_seconds
        )
        try:
            with reported_for(0):
                work = await asyncio.to_thread(self._work, ownership)
                await ownership.run(getattr(work, step)())
        except (OwnershipLostError, LeaseExpiredError, *UNAVAILABLE):
            raise
        except DiskFailedError as error:
            await asyncio.to_thread(self._fail, ownership, error)
            return False
        except Exception:  # noqa: BLE001 - whatever it is, the task must not hang
            _log.exception("step_failed", task_id=task_id, step=step)
            await asyncio.to_thread(self._fail, ownership, _internal_error(task_id))
            return False
        await asyncio.to_thread(ownership.let_go)
        return True

    def _work(self, ownership: Ownership) -> NewImage | ExportImage:
        task = ownership.task
        self._check_attempts(task)
        return WORK[task.action](self._context, ownership, self._image(task))

    def _image(self, task: Task) -> Image:
        with self._context.database.write() as connection:
            image = images.find(connection, task.resource_id)
            if image is not None and image.status is ImageStatus.WAITING:
                images.set_status(connection, image.image_id, ImageStatus.CREATING)
        if image is None:
            raise DiskFailedError(
                0,
                IMAGE_NOT_FOUND,
                f"There is no image {task.resource_id}. Choose one that DescribeImages lists.",
            )
        return image

    def _check_attempts(self, task: Task) -> None:
        most = self._context.settings.max_attempts
        if task.attempt > most:
            raise DiskFailedError(
                0,
                TOO_MANY_ATTEMPTS,
                f"The task was taken up {most} times, and its worker died each time. Look for the "
                f"task {task.task_id} in the workers' logs, then start it again.",
            )

    def _fail(self, ownership: Ownership, error: DiskFailedError) -> None:
        task = ownership.task
        _log.info("task_failed", task_id=task.task_id, code=error.code, message=error.message)
        with ownership.failing(error.position, error.code, error.message) as connection:
            if task.action.makes_image:
                images.set_status(connection, task.resource_id, ImageStatus.CREATE_FAILED)

    def _withdraw_objects(self, task: Task) -> None:
        """Delete objects that an export moved into the bucket before it was cancelled."""
        try:
            bucket = self._context.store.bucket(task.request["OSSBucket"])
        except BucketNotFoundError:
            return
        for key in task.request["Objects"]:
            try:
                found = bucket.head(key)
            except ObjectNotFoundError:
                continue
            if found.metadata.get(TASK_METADATA) == task.task_id:
                bucket.delete(key)


def _internal_error(task_id: str) -> DiskFailedError:
    return DiskFailedError(
        0,
        INTERNAL_ERROR,
        "The service met with something it did not expect. Look for the task "
        f"{task_id} in the worker's log, then start it again.",
    )
