"""What every step of a task has in common: hold the task, do the work, say what came of it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress

import structlog

from imageferry.buckets.interface import (
    BucketNotFoundError,
    ObjectChangedError,
    ObjectNotFoundError,
)
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
from imageferry.engine.observed import about_task
from imageferry.engine.ownership import Ownership, OwnershipLostError
from imageferry.engine.task_notes import lines_written
from imageferry.images import queries as images
from imageferry.images.catalogue import discard
from imageferry.images.model import Image, ImageStatus
from imageferry.imaging.lease import LeaseExpiredError
from imageferry.tasks import hand_overs, queries
from imageferry.tasks.model import Task, TaskAction, TaskStatus
from imageferry.telemetry import metrics
from imageferry.telemetry.logs import first_line

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
        self._attempts: dict[str, int] = {}

    async def run(self, task_id: str, step: str, hand_over: int = 1) -> bool:
        """Run one step of a task, and say whether the next one is to follow.

        It does not follow when the task has ended: cancelled, failed, or taken
        over by another worker; nor when it is paused.

        Args:
            task_id: The task.
            step: The step.
            hand_over: The number of the engine's run that the step is part of.
        """
        async with lines_written(self._context.database, task_id):
            return await self._run(task_id, step, hand_over)

    async def _run(self, task_id: str, step: str, hand_over: int) -> bool:
        while True:
            try:
                return await self._attempt(task_id, step, hand_over)
            except OwnershipLostError:
                metrics.LEASES_LOST.labels("task gone").inc()
                if not await self._stand_down(task_id, step, hand_over):
                    return False
            except LeaseExpiredError:
                # This worker was frozen or cut off from the database: whether the
                # task is still its own, the next claim shows.
                metrics.LEASES_LOST.labels("expired").inc()
                _log.warning("lease_expired", task_id=task_id, step=step)
            except UNAVAILABLE as error:
                await _wait_for_database(error, task_id, step)

    async def _stand_down(self, task_id: str, step: str, hand_over: int) -> bool:
        """Stop carrying a task out, and say whether it was paused and is resumed already."""
        while True:
            try:
                return await asyncio.to_thread(self._park, task_id, hand_over)
            except UNAVAILABLE as error:
                await _wait_for_database(error, task_id, step)

    def _park(self, task_id: str, hand_over: int) -> bool:
        with self._context.database.write() as connection:
            return hand_overs.stand_down(connection, task_id, hand_over)

    async def clean_up(self, task_id: str, hand_over: int = 1) -> None:
        """Take away what a task has left: its scratch, and what it published in vain.

        A paused task keeps all of it, to go on from there, and so does one that another run
        of the engine goes on with.
        """
        self._attempts.pop(task_id, None)
        async with lines_written(self._context.database, task_id):
            await asyncio.to_thread(self._clean_up, task_id, hand_over)

    def _clean_up(self, task_id: str, hand_over: int) -> None:
        with self._context.database.read() as connection:
            task = queries.find(connection, task_id)
        if task is not None and (task.parked or task.hand_over != hand_over):
            return
        shutil.rmtree(self._context.scratch / task_id, ignore_errors=True)
        if task is None or not task.status.ended:
            return
        with about_task(task, "clean_up"):
            if task.status is TaskStatus.DELETED:
                _log.info("task_cancelled", action=task.action.value, reason=task.cancel_reason)
            self._take_away(task)

    def _take_away(self, task: Task) -> None:
        """Take away whatever of an ended task is not its result."""
        self._discard_staged(task)
        if task.status is TaskStatus.FINISHED:
            return
        if task.action.makes_image:
            discard(self._context.catalogue, task.resource_id)
        else:
            self._withdraw_objects(task)

    def _discard_staged(self, task: Task) -> None:
        """Take back what was on its way into a store when the task ended."""
        shutil.rmtree(self._context.drafts(task.task_id), ignore_errors=True)
        if task.action.makes_image:
            self._context.catalogue.leavings(task.task_id).discard()
            return
        with suppress(BucketNotFoundError):
            bucket = self._context.store.bucket(task.request["OSSBucket"])
            bucket.leavings(task.task_id).discard()

    async def _attempt(self, task_id: str, step: str, hand_over: int) -> bool:
        ownership = await asyncio.to_thread(
            Ownership.claim,
            self._context.database,
            task_id,
            self._context.settings.lease_seconds,
            hand_over,
        )
        if self._attempts.get(task_id) != ownership.task.attempt:
            self._attempts[task_id] = ownership.task.attempt
            ownership.observer.taken_up()
        with ownership.observer.step(step):
            return await self._carry_out(ownership, step)

    async def _carry_out(self, ownership: Ownership, step: str) -> bool:
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
            _log.exception("step_failed")
            await asyncio.to_thread(self._fail, ownership, _internal_error(ownership.task.task_id))
            return False
        await asyncio.to_thread(ownership.let_go)
        return True

    def _work(self, ownership: Ownership) -> NewImage | ExportImage:
        task = ownership.task
        self._check_attempts(task)
        context = self._context.until(ownership.interruption)
        return WORK[task.action](context, ownership, self._image(task))

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
                # Not what a user has put there since: this worker may have been frozen meanwhile.
                with suppress(ObjectChangedError):
                    bucket.delete(key, if_match=found.etag)


async def _wait_for_database(error: Exception, task_id: str, step: str) -> None:
    _log.warning("database_unavailable", task_id=task_id, step=step, reason=first_line(error))
    await asyncio.sleep(DATABASE_PAUSE_SECONDS)


def _internal_error(task_id: str) -> DiskFailedError:
    return DiskFailedError(
        0,
        INTERNAL_ERROR,
        "The service met with something it did not expect. Look for the task "
        f"{task_id} in the worker's log, then start it again.",
    )
