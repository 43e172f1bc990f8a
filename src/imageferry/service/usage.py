"""What a worker may use of the machine and of the network."""

from __future__ import annotations

import os
import random

from imageferry.buckets import bandwidth
from imageferry.settings import Settings


def limit(settings: Settings) -> None:
    """Keep this process, and what it starts, within its limits. Threads that run already are not.

    Workers of one machine choose their processors by chance, so that not all use the same ones.
    """
    bandwidth.PROCESS.limit(settings.worker_bytes_per_second)
    if settings.worker_nice:
        os.nice(settings.worker_nice)
    processors = sorted(os.sched_getaffinity(0))
    if 0 < settings.worker_processors < len(processors):
        chosen = random.sample(processors, settings.worker_processors)
        os.sched_setaffinity(0, chosen)
