"""Every metric, declared once. ``docs/reference/metrics.md`` is made from here."""

from __future__ import annotations

from imageferry.telemetry.declaration import Declarations, Teller

_SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""For requests, in seconds: what a client waits for."""

_LONG = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600)
"""For the work on tasks, in seconds: from an empty disk to one of 2 TiB."""

DECLARED = Declarations()

BUILD = DECLARED.gauge(
    "imageferry_build_info",
    "Always 1; its label tells the version that runs.",
    "none",
    Teller.ANY,
    "version",
)

ECS_REQUESTS = DECLARED.counter(
    "imageferry_ecs_requests_total",
    "Calls of the ECS API that were answered, by action and HTTP status: over the wire, and by the"
    " console.",
    "requests",
    Teller.API,
    *("action", "status"),
)
ECS_REQUEST_SECONDS = DECLARED.histogram(
    "imageferry_ecs_request_seconds",
    "How long calls of the ECS API took.",
    Teller.API,
    "action",
    buckets=_SHORT,
)
OSS_REQUESTS = DECLARED.counter(
    "imageferry_oss_requests_total",
    "Requests to the OSS API that were answered, by operation and HTTP status.",
    "requests",
    Teller.API,
    *("operation", "status"),
)
OSS_REQUEST_SECONDS = DECLARED.histogram(
    "imageferry_oss_request_seconds",
    "How long the OSS API took to answer, without the time in which an object is sent.",
    Teller.API,
    "operation",
    buckets=_SHORT,
)

DATABASE_FAILURES = DECLARED.counter(
    "imageferry_database_failures_total",
    "Statements that the database refused or did not answer: it is away, full or busy.",
    "failures",
    Teller.ANY,
    "kind",
)

STORE_REQUESTS = DECLARED.counter(
    "imageferry_store_requests_total",
    "Requests to remote object stores: ok; refused, as the object is not as it has to be; or "
    "failed.",
    "requests",
    Teller.ANY,
    *("operation", "outcome"),
)
STORE_RETRIES = DECLARED.counter(
    "imageferry_store_retries_total",
    "Requests to remote object stores that were made again after a passing failure.",
    "requests",
    Teller.ANY,
    "operation",
)
STORE_SECONDS = DECLARED.histogram(
    "imageferry_store_request_seconds",
    "How long requests to remote object stores took, with those that were made again.",
    Teller.ANY,
    "operation",
    buckets=_SHORT,
)
STORE_BYTES = DECLARED.counter(
    "imageferry_store_bytes_total",
    "Bytes of objects that were read from remote object stores, or written to them.",
    "bytes",
    Teller.ANY,
    "direction",
)

WORKER_RESTARTS = DECLARED.counter(
    "imageferry_worker_restarts_total",
    "How often `imageferry serve` has started its worker again because it died.",
    "restarts",
    Teller.API,
)

WORKER_SLOTS = DECLARED.gauge(
    "imageferry_worker_slots", "Tasks that the worker runs at a time.", "tasks", Teller.WORKER
)
TASKS_TAKEN_UP = DECLARED.counter(
    "imageferry_tasks_taken_up_total",
    "Tasks that the worker has taken up.",
    "tasks",
    Teller.WORKER,
    "action",
)
TASK_RETRIES = DECLARED.counter(
    "imageferry_task_retries_total",
    "Tasks that were taken up again after a worker died, froze or lost the database.",
    "tasks",
    Teller.WORKER,
    "action",
)
TASKS_ENDED = DECLARED.counter(
    "imageferry_tasks_ended_total",
    "Tasks that the worker has ended: Finished or Failed.",
    "tasks",
    Teller.WORKER,
    *("action", "status"),
)
TASK_FAILURES = DECLARED.counter(
    "imageferry_task_failures_total",
    "Tasks that failed, by the code that their owner sees.",
    "tasks",
    Teller.WORKER,
    *("action", "code"),
)
TASK_BYTES = DECLARED.counter(
    "imageferry_task_bytes_total",
    "Bytes of sources that tasks have moved.",
    "bytes",
    Teller.WORKER,
    "action",
)
STEP_SECONDS = DECLARED.histogram(
    "imageferry_task_step_seconds",
    "How long the durable steps of tasks took, with those that failed or were stopped.",
    Teller.WORKER,
    *("action", "step"),
    buckets=_LONG,
)
PHASE_SECONDS = DECLARED.histogram(
    "imageferry_task_phase_seconds",
    "How long tasks were in a phase: the word that their owner sees.",
    Teller.WORKER,
    *("action", "phase"),
    buckets=_LONG,
)

LEASES_HELD = DECLARED.gauge(
    "imageferry_leases_held", "Tasks that the worker has a lease of.", "leases", Teller.WORKER
)
LEASES_LOST = DECLARED.counter(
    "imageferry_leases_lost_total",
    "Leases that ended before their step: expired, or the task was cancelled or taken away.",
    "leases",
    Teller.WORKER,
    "reason",
)
LEASE_RENEWAL_SECONDS = DECLARED.histogram(
    "imageferry_lease_renewal_seconds",
    "How long the database took to note a task's progress, which renews its lease.",
    Teller.WORKER,
    buckets=_SHORT,
)

ENGINE_LAG = DECLARED.gauge(
    "imageferry_engine_lag_seconds",
    "How late a part of the worker's engine was at the most within the last minute, with what has "
    "still to come: looks for tasks that wait (`uptake`), the first steps of tasks that were given "
    "a slot (`hand_over`), renewals of `leases`, and looks for tasks that got lost (`reconciler`); "
    "with PostgreSQL also `signs_of_life`, and looks for dead workers (`failure_detector`).",
    "seconds",
    Teller.WORKER,
    "part",
)
WORKERS_DIED = DECLARED.counter(
    "imageferry_workers_died_total",
    "Workers that this one has found dead. With PostgreSQL.",
    "workers",
    Teller.WORKER,
)
TASKS_TAKEN_BACK = DECLARED.counter(
    "imageferry_tasks_taken_back_total",
    "Tasks of dead workers that this one has given to the living. With PostgreSQL.",
    "tasks",
    Teller.WORKER,
)

DATABASE_UP = DECLARED.looked_up(
    "imageferry_database_up",
    "Whether the database answers: 1 or 0. Where it is 0, the metrics below are not told.",
    "none",
)
TASKS = DECLARED.looked_up(
    "imageferry_tasks",
    "Tasks by action and status, those that have ended too.",
    "tasks",
    *("action", "status"),
)
QUEUE_AGE = DECLARED.looked_up(
    "imageferry_queue_age_seconds",
    "How long ago the oldest task was made that waits for a worker; 0 where none waits.",
    "seconds",
)
PROGRESS_AGE = DECLARED.looked_up(
    "imageferry_progress_age_seconds",
    "How long ago the running task that stands still longest has moved; 0 where none runs.",
    "seconds",
)
RATE = DECLARED.looked_up(
    "imageferry_tasks_bytes_per_second",
    "The rates of all running tasks together that have moved within the last minute.",
    "bytes per second",
)
WORKERS = DECLARED.looked_up(
    "imageferry_workers",
    "Workers that give signs of life, by the version of their steps. With PostgreSQL.",
    "workers",
    "engine_version",
)
WORKERS_SLOTS = DECLARED.looked_up(
    "imageferry_workers_slots",
    "Tasks that all workers together can run at a time. With PostgreSQL.",
    "tasks",
)
DATA_FOLDER_FREE = DECLARED.looked_up(
    "imageferry_data_folder_free_bytes",
    "Bytes that are free in the data folder of this process.",
    "bytes",
)
