"""A model of a site that imports images: arrivals, slots, and what the running tasks share.

Tasks come at random, wait for a slot, cost some seconds however small they are, and move their
bytes at the least of four rates: what one task reaches alone, its share of the worker's
processors, of the worker's network, and of the object store.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import simpy

HOUR = 3600.0
TICK_SECONDS = 1.0


@dataclass(frozen=True)
class Load:
    """What is to be imported.

    Attributes:
        imports_an_hour: How many come, at random.
        mean_gib: Their data on the average; most are smaller, a few much larger.
        spread: The standard deviation of the sizes' logarithm.
    """

    imports_an_hour: float = 10_000
    mean_gib: float = 4.0
    spread: float = 1.0


@dataclass(frozen=True)
class Site:
    """What there is to import with.

    Attributes:
        workers: Machines with one worker each.
        slots: Tasks that each runs at a time.
        cores: Processors of each.
        network: GiB/s that each worker's network carries in both directions together.
        store: GiB/s that the object store gives and takes together.
        task_rate: GiB/s of data that one task reaches alone.
        processor_seconds: Processor seconds of a worker that a GiB of data costs.
        fixed_seconds: What an import takes beside its bytes.
        moved: Bytes read and written for each byte of data.
    """

    workers: int
    slots: int
    cores: int
    network: float
    store: float
    task_rate: float
    processor_seconds: float
    fixed_seconds: float
    moved: float

    @property
    def limits(self) -> dict[str, float]:
        """The GiB of data a second that each part of the site can do, all workers together."""
        return {
            "slots": self.workers * self.slots * self.task_rate,
            "processors": self.workers * self.cores / self.processor_seconds,
            "network": self.workers * self.network / self.moved,
            "object store": self.store / self.moved,
        }


@dataclass
class Outcome:
    """What became of the imports of an hour.

    Attributes:
        waits: Seconds that each waited for a slot.
        totals: Seconds from each one's arrival to its end.
        running_seconds: Seconds in which tasks ran, all together.
        end: When the last one ended, in seconds after the first hour began.
    """

    waits: list[float] = field(default_factory=list)
    totals: list[float] = field(default_factory=list)
    running_seconds: float = 0.0
    end: float = 0.0

    @property
    def running(self) -> float:
        """Tasks that ran at a time, on the average."""
        return self.running_seconds / max(self.end, HOUR)


def simulate(load: Load, site: Site, seed: int = 1) -> Outcome:
    """Let an hour's imports arrive, and follow them to their ends."""
    simulation = _Simulation(load, site, random.Random(seed))
    simulation.run()
    return simulation.outcome


def workers_needed(load: Load, site: Site, busy: float = 0.8) -> int:
    """The workers that keep every part of theirs below so much of its limit.

    The object store is no part of a worker: more of them do not help where it is the limit.
    """
    wanted = load.imports_an_hour / HOUR * load.mean_gib
    of_one = [limit / site.workers for name, limit in site.limits.items() if name != "object store"]
    # What every import takes beside its bytes keeps a slot too.
    seconds = load.mean_gib / site.task_rate + site.fixed_seconds
    by_slots = load.imports_an_hour / HOUR * seconds / site.slots
    return math.ceil(max(wanted / min(of_one), by_slots) / busy)


def percentile(values: Sequence[float], part: float) -> float:
    """The value that so many per cent do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[round(part) - 1]


class _Simulation:
    def __init__(self, load: Load, site: Site, chance: random.Random) -> None:
        self.outcome = Outcome()
        self._load = load
        self._site = site
        self._chance = chance
        self._environment = simpy.Environment()
        self._free = simpy.Store(self._environment)
        self._free.items = [worker for _ in range(site.slots) for worker in range(site.workers)]
        self._moving = [0] * site.workers

    def run(self) -> None:
        self._environment.process(self._arrivals())
        self._environment.run()
        self.outcome.end = self._environment.now

    def _arrivals(self) -> Generator[simpy.Event, Any, None]:
        # The mean of a lognormal distribution is above its median.
        middle = math.log(self._load.mean_gib) - self._load.spread**2 / 2
        while True:
            yield self._environment.timeout(
                self._chance.expovariate(self._load.imports_an_hour / HOUR)
            )
            if self._environment.now >= HOUR:
                return
            size = self._chance.lognormvariate(middle, self._load.spread)
            self._environment.process(self._import(size))

    def _import(self, gib: float) -> Generator[simpy.Event, Any, None]:
        arrived = self._environment.now
        worker: int = yield self._free.get()
        begun = self._environment.now
        yield self._environment.timeout(self._site.fixed_seconds)
        self._moving[worker] += 1
        left = gib
        while left > 0:
            rate = self._rate(worker)
            seconds = min(TICK_SECONDS, left / rate)
            yield self._environment.timeout(seconds)
            left -= rate * seconds
        self._moving[worker] -= 1
        yield self._free.put(worker)
        self.outcome.waits.append(begun - arrived)
        self.outcome.totals.append(self._environment.now - arrived)
        self.outcome.running_seconds += self._environment.now - begun

    def _rate(self, worker: int) -> float:
        site, beside = self._site, self._moving[worker]
        return min(
            site.task_rate,
            site.cores / site.processor_seconds / beside,
            site.network / site.moved / beside,
            site.store / site.moved / sum(self._moving),
        )
