"""One worker's hold of one task, for one step.

The hold is a token in the task's row, new for every step. Every write carries
it; a write that finds another token, or an ended task, changes nothing and ends
the step. While writes succeed they renew the lease, on which the programs of
the step live: a worker that is frozen or cut off loses its programs before
another one may have begun.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Collection, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
import structlog

from imageferry.buckets.interruption import Interruption
from imageferry.database.connection import UNAVAILABLE, Database
from imageferry.engine import lag
from imageferry.engine.observed import StepObserver
from imageferry.engine.progress import ProgressMeter, Reading
from imageferry.engine.task_notes import TaskNotes
from imageferry.imaging.lease import Lease, seconds_since_boot
from imageferry.tasks import checkpoints, queries, transitions
from imageferry.tasks.model import DiskStatus, Phase, Task
from imageferry.telemetry import metrics

HEARTBEAT_SECONDS = 0.5
"""How often progress is written: a cancel is noticed, and progress seen, within a second."""

_log = structlog.get_logger()


class OwnershipLostError(Exception):
    """The task has ended, or another worker has it: whoever gets this stops and leaves it alone."""


class Ownership:
    """A worker's hold of a task.

    Attributes:
        task: The task as it was when it was claimed.
        lease: How long programs may go on without a successful write.
        interruption: Ends the requests to stores of work that has to stop.

    Args:
        database: Where the task's row is.
        task: The task as it was when it was claimed.
        owner: The token of this hold.
        lease: How long programs may go on without a successful write.
    """

    def __init__(self, database: Database, task: Task, owner: str, lease: Lease) -> None:
        self.task = task
        self.lease = lease
        self.interruption = Interruption()
        self.observer = StepObserver(task)
        self.meter = ProgressMeter(
            task.action,
            begun=Reading(task.phase, task.percent, task.bytes_done, task.bytes_total, 0),
        )
        self._notes = TaskNotes(task.task_id, self.meter)
        self._database = database
        self._owner = owner
        self._finishing = False

    @classmethod
    def claim(
        cls, database: Database, task_id: str, lease_seconds: float, hand_over: int = 1
    ) -> Ownership:
        """Take a task up, in the run of the engine that has that number.

        Raises:
            OwnershipLostError: it has ended, is paused, or is another run's.
        """
        owner = uuid.uuid4().hex
        lease = Lease(lease_seconds)
        with database.write() as connection:
            if not transitions.claim(connection, task_id, owner, hand_over):
                raise OwnershipLostError(task_id)
            task = queries.find(connection, task_id)
        assert task is not None  # noqa: S101 - it has just been claimed
        return cls(database, task, owner, lease)

    def let_go(self) -> None:
        """Say that this worker is done with the task for now."""
        with self._database.write_relaxed() as connection:
            self._note(connection, self.meter.read())
            transitions.let_go(connection, self.task.task_id, self._owner)

    def enter(self, phase: Phase, totals: Mapping[int, int] = MappingProxyType({})) -> None:
        """Begin a phase of so many bytes for each disk.

        Raises:
            OwnershipLostError: the task is no longer this worker's.
        """
        before = self.meter.read()
        self.meter.enter(phase, totals)
        with self._database.write_relaxed() as connection:
            self._note(connection, before)
            held = transitions.enter_phase(connection, self.task.task_id, self._owner, phase)
        self._check(held=held)
        self.observer.entered(phase)

    def record_disk(
        self,
        position: int,
        status: DiskStatus,
        related_items: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Note what is known of a disk.

        Raises:
            OwnershipLostError: the task is no longer this worker's.
        """
        with self.recording(position, status, related_items):
            pass

    @contextmanager
    def recording(
        self,
        position: int,
        status: DiskStatus,
        related_items: Sequence[tuple[str, str]] = (),
    ) -> Iterator[sa.Connection]:
        """A transaction that notes what is known of a disk, and whatever goes with it.

        Raises:
            OwnershipLostError: the task is no longer this worker's. It is raised
                before the body runs, so that nothing is written.
        """
        with self._database.write() as connection:
            self._check(
                held=transitions.record_disk(
                    connection,
                    self.task.task_id,
                    position,
                    self._owner,
                    status=status,
                    related_items=related_items,
                )
            )
            yield connection

    def checkpoints(self) -> Mapping[int, bytes]:
        """How far the transfer of each disk has come, as it was noted last.

        Raises:
            OwnershipLostError: the task is no longer this worker's.
        """
        with self._database.write_relaxed() as connection:
            self._check(held=transitions.hold(connection, self.task.task_id, self._owner))
            return checkpoints.of(connection, self.task.task_id)

    def forget_checkpoints(self, positions: Collection[int]) -> None:
        """Forget what was noted of some disks, so that nobody goes on from there.

        Raises:
            OwnershipLostError: the task is no longer this worker's.
        """
        with self._database.write_relaxed() as connection:
            self._check(held=transitions.hold(connection, self.task.task_id, self._owner))
            checkpoints.forget(connection, self.task.task_id, positions)

    def save_checkpoint(self, position: int, state: bytes) -> None:
        """Note how far the transfer of a disk has come.

        Raises:
            OwnershipLostError: the task is no longer this worker's.
        """
        with self._database.write_relaxed() as connection:
            self._check(
                held=checkpoints.save(connection, self.task.task_id, position, self._owner, state)
            )

    def record_continuation(self, position: int, offset: int) -> None:
        """Note that the transfer of a disk goes on from where another worker came.

        Raises:
            OwnershipLostError: the task is no longer this worker's.
        """
        items = [("ContinuedFrom", str(offset))]
        with self.recording(position, DiskStatus.PROCESSING, items) as connection:
            detail = f"disk {position} from byte {offset}"
            transitions.note_continued(connection, self.task.task_id, detail)

    @contextmanager
    def finishing(self) -> Iterator[sa.Connection]:
        """A transaction at whose end the task is finished, or nothing of it has happened.

        It has the task's account to itself, so that quotas hold, and before the task's row: calls
        of the account come by both in that order, and two that wait for each other wait in vain.

        Raises:
            OwnershipLostError: the task is no longer this worker's. It is raised
                before the body runs, so that nothing is published in vain.
        """
        with self._database.write_alone(self.task.account_id) as connection:
            self._note(connection, self.meter.read())
            self._check(
                held=transitions.enter_phase(
                    connection, self.task.task_id, self._owner, Phase.PUBLISH
                )
            )
            self.observer.entered(Phase.PUBLISH)
            yield connection
            self._finishing = True
            self._check(held=transitions.finish(connection, self.task.task_id, self._owner))
        self.observer.finished()

    @contextmanager
    def failing(self, position: int, code: str, message: str) -> Iterator[sa.Connection]:
        """A transaction at whose end the task has failed for the reason given.

        Args:
            position: The disk that it failed for; 0 for the task as a whole.
            code: The error's code.
            message: What is wrong and what to do about it.

        Raises:
            OwnershipLostError: the task is no longer this worker's.
        """
        with self._database.write() as connection:
            if position:
                transitions.record_disk(
                    connection,
                    self.task.task_id,
                    position,
                    self._owner,
                    status=DiskStatus.FAILED,
                    error_code=code,
                    error_message=message,
                )
            self._check(
                held=transitions.fail(
                    connection, self.task.task_id, code, message, owner=self._owner
                )
            )
            yield connection
        self.observer.failed(code, message)

    async def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do work for as long as the task is this worker's.

        Raises:
            OwnershipLostError: it is not any more; the work has been stopped.
        """
        working = asyncio.create_task(work)
        keeping = asyncio.create_task(self._keep())
        try:
            await asyncio.wait({working, keeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _stop(keeping)
            if not working.done():
                # Work that waits for a silent store would hold the worker's slot for minutes.
                self.interruption.set()
            was_stopped = await _stop(working)
        if was_stopped:
            keeping.result()
        working.result()

    async def _keep(self) -> None:
        lag.LEASES.expect(HEARTBEAT_SECONDS, self._owner)
        try:
            await self._renew()
        finally:
            lag.LEASES.came(self._owner)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            # Whoever judges this worker by its writes counts from the write itself, which may
            # have waited for long.
            moment = seconds_since_boot()
            try:
                # Not asyncio.wait_for: in Python 3.11 it swallows a cancellation that comes in
                # the moment its work is done, and this loop would never end.
                async with asyncio.timeout(self.lease.remaining):
                    held = await asyncio.to_thread(self._record_progress)
            except UNAVAILABLE:
                # The database is away for a while: the lease decides how long the work goes on.
                _log.warning("progress_not_written", task_id=self.task.task_id)
                self.lease.check()
            except TimeoutError:
                self.lease.check()
            else:
                # What has just finished the task may have something to put away yet.
                self._check(held=held or self._finishing)
                self.lease.renew(moment)
                lag.LEASES.expect(HEARTBEAT_SECONDS, self._owner)

    def _record_progress(self) -> bool:
        with (
            metrics.LEASE_RENEWAL_SECONDS.time(),
            self._database.write_relaxed() as connection,
        ):
            return self._note(connection, self.meter.read())

    def _note(self, connection: sa.Connection, reading: Reading) -> bool:
        self.observer.progressed(reading)
        held = transitions.record_progress(
            connection, self.task.task_id, self._owner, **vars(reading)
        )
        if held:
            self._notes.write(connection)
        return held

    def _check(self, *, held: bool) -> None:
        if not held:
            raise OwnershipLostError(self.task.task_id)


async def _stop(task: asyncio.Task[None]) -> bool:
    """Stop a task unless it is done, wait for its end, and say whether it had to be stopped."""
    running = not task.done()
    if running:
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
    return running
