"""A worker: takes tasks from the queue and runs their steps, each of them durable."""

from __future__ import annotations

import fcntl
import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog
from dbos import DBOS, DBOSConfig, StepOptions

from imageferry.buckets.interface import Store, StoreError
from imageferry.database.connection import UNAVAILABLE, Database
from imageferry.database.metadata import now
from imageferry.engine import companions, lag, leftovers, stuck_tasks
from imageferry.engine.companions import Companions
from imageferry.engine.context import WorkerContext
from imageferry.engine.queue import APPLICATION, ENGINE_VERSION, POLL_SECONDS, TaskQueue
from imageferry.engine.reconciler import Reconciler, Running, reconciling
from imageferry.engine.runs import run_id
from imageferry.engine.steps import STEPS, Steps
from imageferry.engine.uptake import Uptake, taking_up
from imageferry.imaging import nbd
from imageferry.tasks import queries, retention
from imageferry.tasks.model import TaskAction
from imageferry.tasks.retention import Retention

SWEEP_SECONDS = 3600.0
"""How often the stores are looked through for left-overs."""

SWEEP_AGE = timedelta(days=1)
"""Uploads and temporary files that nobody has touched for so long are left-overs."""

ROWS_KEPT_FOR = timedelta(hours=1)
"""How long the engine's rows of a task outlive its end: they serve to look into a failure."""

CLEAN_UP: StepOptions = {
    "name": "clean_up",
    "retries_allowed": True,
    "max_attempts": 6,
    "interval_seconds": 1.0,
    "backoff_rate": 2.0,
}
"""A bucket that cannot be reached may be back half a minute later."""

EMBEDDED = "embedded"
LOCK_SECONDS = 15.0

_log = structlog.get_logger()


class WorkerLockedError(Exception):
    """Another worker has the data folder."""


def run(
    context: WorkerContext, executor: str, stop: threading.Event, die: Callable[[], None]
) -> None:
    """Run tasks until ``stop`` is set, then let those that run go on for a while.

    What is not done by then is gone on with by the other workers, or at the next start.

    Args:
        context: What is below the steps.
        executor: The name of this worker; see :func:`executor_name`.
        stop: Ends the worker.
        die: Ends the process at once.

    Raises:
        SettingError: the lease is too long.
    """
    running = Running()
    with (
        closing(TaskQueue(context.database)) as queue,
        _among_others(context, queue, executor, running, die),
        reconciling(Reconciler(context.database, queue, executor, running, context.scratch.parent)),
    ):
        found = leftovers.find(context.database, context.catalogue, context.scratch.parent)
        leftovers.remove(found, context.catalogue)
        nbd.sweep()
        _log.info("worker_started", executor=executor, slots=context.settings.worker_slots)
        with taking_up(Uptake(context.database, queue, executor, context.settings)):
            sweep(context, queue, stop.is_set)
            while not stop.wait(SWEEP_SECONDS):
                sweep(context, queue, stop.is_set)
        _log.info("worker_stopping", executor=executor)
        # The engine looks for tasks that run after a second only, so it is not asked for none.
        drain_seconds = context.settings.drain_seconds if running else 0
        DBOS.destroy(workflow_completion_timeout_sec=drain_seconds)
    _log.info("worker_stopped", executor=executor)


@contextmanager
def _among_others(
    context: WorkerContext,
    queue: TaskQueue,
    executor: str,
    running: Running,
    die: Callable[[], None],
) -> Iterator[None]:
    """Run the engine, and with PostgreSQL be one worker of several meanwhile."""
    if context.database.is_sqlite:
        _adopt(context.database, queue, executor)
        _launch(context, queue, executor, running)
        yield
        return
    companions.check(context.settings)
    others = Companions(context.database, queue, executor, context.settings, die)
    others.enter()
    try:
        _launch(context, queue, executor, running)
        yield
    finally:
        others.leave()


def sweep(context: WorkerContext, queue: TaskQueue, is_stopping: Callable[[], bool]) -> None:
    """Take away what crashes and forgotten uploads left in the stores, and rows that are too old.

    A store or database that cannot be reached just now is no reason not to work,
    nor to leave the others as they are.
    """
    kept = Retention.of(context.settings)
    places: dict[str, Callable[[], int]] = {
        "uploads": partial(sweep_ended, context),
        "buckets": partial(sweep_store, context.store, context.database),
        "images": partial(sweep_store, context.image_store, context.database),
        "engine": lambda: queue.prune(now() - ROWS_KEPT_FOR),
        "tasks": partial(retention.forget, context.database, kept, is_stopping),
    }
    for place, remove in places.items():
        try:
            removed = remove()
        except (StoreError, OSError, *UNAVAILABLE) as error:
            _log.warning("sweep_failed", place=place, reason=str(error))
        else:
            _log.info("swept", place=place, removed=removed)


def sweep_ended(context: WorkerContext) -> int:
    """Take back what ended tasks have on its way into the stores, and count them.

    A task takes it back itself. But a worker that was frozen may have begun an upload when it
    woke, before it was ended because others have taken it for dead.
    """
    buckets = leftovers.every_bucket(context.store, context.catalogue)
    found = leftovers.find_staged(context.database, buckets)
    leftovers.remove_staged(found)
    return len(found)


def sweep_store(store: Store, database: Database) -> int:
    """Take away what crashes and forgotten uploads left in a store a day ago, and count it.

    A task that has not ended may go on with its uploads, however long it is paused or waits.
    """
    with database.read() as connection:
        active = queries.active(connection)
    return store.sweep(SWEEP_AGE, keep=active.keys())


def executor_name(*, embedded: bool) -> str:
    """The name under which the engine knows this worker.

    With SQLite there is one worker, and it finds its tasks again by its name.
    Among many, a name is never used again: a worker that is taken for dead and
    still drains must not be mistaken for its successor.
    """
    if embedded:
        return EMBEDDED
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:12]}"


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Be the only worker on a data folder.

    Raises:
        WorkerLockedError: another one has had it for a while.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    patience = threading.Event()
    for _ in range(int(LOCK_SECONDS / 0.1)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            patience.wait(0.1)
        else:
            return
    raise WorkerLockedError(
        f"Another worker has {path}: with SQLite there is one worker to a data folder. "
        "Stop the other one, or use PostgreSQL."
    )


def _launch(context: WorkerContext, queue: TaskQueue, executor: str, running: Running) -> None:
    queue.make(executor, context.settings.worker_slots)
    config: DBOSConfig = {
        "name": APPLICATION,
        "system_database_url": context.database.text_url,
        "executor_id": executor,
        "application_version": ENGINE_VERSION,
        "run_migrations": False,
        # Nobody is notified of anything, but the engine does not end before its next look.
        "notification_listener_polling_interval_sec": POLL_SECONDS,
    }
    DBOS(config=config)
    DBOS.listen_queues([executor])
    steps = Steps(context)
    for action in TaskAction:
        _register(steps, action, running)
    DBOS.launch()


def _adopt(database: Database, queue: TaskQueue, executor: str) -> None:
    """Take over what anybody else has, of another version too: there is nobody else."""
    held = queue.held()
    foreign = [run for run, holder in held.items() if holder.version != ENGINE_VERSION]
    stuck_tasks.begin_anew(database, queue, foreign)
    others = [run for run in held.keys() - foreign if held[run].worker != executor]
    if others:
        queue.take_over(others, executor)


def _register(steps: Steps, action: TaskAction, running: Running) -> None:
    """Declare the workflow of an action: its steps in order, and tidying up whatever came of it.

    Recovery is not limited here: a task that kills its worker again and again is
    ended by the setting ``max_attempts``, with a reason in its row.
    """

    async def workflow(task_id: str, hand_over: int = 1) -> None:
        run = run_id(task_id, hand_over)
        lag.HAND_OVER.came(run)
        with running.carried_out(run):
            for step in STEPS[action]:
                goes_on = await DBOS.run_step_async(
                    {"name": step}, steps.run, task_id, step, hand_over
                )
                if not goes_on:
                    break
            await DBOS.run_step_async(CLEAN_UP, steps.clean_up, task_id, hand_over)

    DBOS.workflow(name=action.value, max_recovery_attempts=None)(workflow)
