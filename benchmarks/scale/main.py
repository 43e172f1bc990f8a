"""The tables of what an import costs, and of what many an hour would take."""

from __future__ import annotations

import dataclasses

from rich.console import Console
from rich.table import Table

from benchmarks.scale.costs import GIB, Costs, Counts, measure
from benchmarks.scale.model import HOUR, Load, Outcome, Site, percentile, simulate, workers_needed

LARGE_BYTES = GIB // 2
"""The data of the large import that is counted."""

LOAD = Load()
MACHINE_SLOTS, MACHINE_CORES = 8, 8
NETWORK = 10e9 / 8 / GIB
"""GiB/s of a network card of 10 Gbit/s; it carries as much in each direction."""

STORE = 20.0
"""GiB/s, read and written together, of the object store that is supposed."""

FIXED_SECONDS = 2.0
"""What an import is supposed to take beside its bytes: steps, verification, publication."""

TASK_RATE = 0.25
"""GiB/s of data that one task is supposed to reach alone: 2 Gbit/s."""

_console = Console(width=110)


def run(load: Load = LOAD) -> None:
    """Count what an import costs here, run the model for a load, and print both."""
    costs = measure(LARGE_BYTES)
    _print_costs(costs)
    site = supposed_site(costs)
    needed = workers_needed(load, site)
    ideal = dataclasses.replace(site, workers=needed, store=1e9)
    _print_load(costs, load, ideal, needed)
    _print_runs(load, dataclasses.replace(site, workers=needed))


def supposed_site(costs: Costs) -> Site:
    """A site of one machine, with what was measured of a task here."""
    return Site(
        workers=1,
        slots=MACHINE_SLOTS,
        cores=MACHINE_CORES,
        network=2 * NETWORK,
        store=STORE,
        task_rate=TASK_RATE,
        processor_seconds=costs.gib.worker_seconds,
        fixed_seconds=FIXED_SECONDS,
        moved=costs.gib.store_bytes / GIB,
    )


def _print_costs(costs: Costs) -> None:
    table = Table(title="What an import costs")
    table.add_column("")
    for title in ("each import", "each GiB", "a second of running", "a second of an idle worker"):
        table.add_column(title, justify="right")
    parts = (costs.fixed, costs.gib, costs.running, costs.idle)
    for item in dataclasses.fields(Counts):
        table.add_row(item.name, *(f"{getattr(part, item.name):,.2f}" for part in parts))
    _console.print(table)


def _print_load(costs: Costs, load: Load, site: Site, workers: int) -> None:
    """What a load asks of the database and of the store, by the model's running tasks."""
    outcome = simulate(load, site)
    a_second = load.imports_an_hour / HOUR
    beats = Counts(
        writes=costs.running.writes,
        rows=costs.running.rows,
        log_bytes=costs.running.log_bytes,
        database_seconds=costs.running.database_seconds,
    )
    bytes_moved = Counts().plus(costs.gib, load.mean_gib)
    asked = Counts().plus(costs.fixed, a_second).plus(beats, outcome.running)
    asked = asked.plus(costs.idle, workers)
    of_stores = Counts().plus(costs.fixed.plus(bytes_moved), a_second)
    table = Table(title=f"{load.imports_an_hour:,.0f} imports an hour, {load.mean_gib:g} GiB each")
    table.add_column("what")
    table.add_column("a second", justify="right")
    rows = {
        "workers": f"{workers}",
        "tasks that run at a time": f"{outcome.running:.0f}",
        "database: transactions that read": f"{asked.reads:,.0f}",
        "database: transactions that write": f"{asked.writes:,.0f}",
        "database: rows written": f"{asked.rows:,.0f}",
        "database: log MiB": f"{asked.log_bytes / 2**20:.2f}",
        "database: processors": f"{asked.database_seconds:.2f}",
        "store: requests": f"{of_stores.store_requests:,.0f}",
        "store: GiB read and written": f"{of_stores.store_bytes / GIB:.1f}",
        "workers: processors": f"{of_stores.worker_seconds:.0f}",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    _console.print(table)


def _print_runs(load: Load, site: Site) -> None:
    table = Table(title=f"The model: {MACHINE_SLOTS} slots and {MACHINE_CORES} cores a worker")
    for title in ("workers", "store GiB/s", "wait p50", "wait p95", "total p95", "ended after"):
        table.add_column(title, justify="right")
    needed = site.workers
    stores = (STORE, 1.25 * STORE, 1.5 * STORE)
    for workers in (needed * 3 // 4, needed, needed * 5 // 4):
        for store in stores:
            outcome = simulate(load, dataclasses.replace(site, workers=workers, store=store))
            table.add_row(f"{workers}", f"{store:g}", *_times(outcome))
    _console.print(table)


def _times(outcome: Outcome) -> list[str]:
    seconds = (
        percentile(outcome.waits, 50),
        percentile(outcome.waits, 95),
        percentile(outcome.totals, 95),
    )
    return [*(f"{value:,.1f} s" for value in seconds), f"{outcome.end / HOUR:.2f} h"]
