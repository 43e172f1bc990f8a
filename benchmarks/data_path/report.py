"""The tables of the data path, and the same figures for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.data_path.exports import ExportResult
from benchmarks.data_path.imports import ImportResult
from benchmarks.data_path.peers import PeerResult
from benchmarks.data_path.shaped_store import PLAIN, SHAPED
from benchmarks.data_path.work import TaskCost

MIB = 2**20
_TIMES = ("limit s", "task s", "times", "goal", "unshaped limit s", "task s", "times")
_COST = ("CPU s", "peak MiB", "moved MiB", "scratch MiB")
_TEXTS = frozenset({"source", "target", "way", "note"})


def print_imports(results: Sequence[ImportResult]) -> None:
    """Print what the imports took, and then what others took."""
    table = _table("Imports", ["source", "MiB", *_TIMES])
    for result in results:
        goal = f"{result.goal:g}"
        size = f"{result.size / MIB:.0f}"
        table.add_row(result.source, size, *_times(result.limit_seconds, result.cost, goal))
    costs = _table("What the imports cost", ["source", *_COST, "unpacking alone s"])
    for result in results:
        unpacking = f"{result.unpack_seconds:.2f}" if result.unpack_seconds else ""
        costs.add_row(result.source, *_costs(result.cost[SHAPED]), unpacking)
    _print(table, costs)
    _print_peers(results)


def _print_peers(results: Sequence[ImportResult]) -> None:
    table = _table("Imports by others", ["source", "way", "s", "times ours", "note"])
    for result in results:
        for name, peer in result.peers.items():
            table.add_row(result.source, name, *_peer(peer, result.cost[SHAPED]))
    _print(table)


def print_exports(results: Sequence[ExportResult]) -> None:
    """Print what the exports took, beside convert-then-upload."""
    table = _table("Exports", ["target", "MiB", *_TIMES])
    costs = _table("What the exports cost", ["target", *_COST])
    others = _table("Exports by convert-then-upload", ["target", "s", "times ours", "goal", "note"])
    for result in results:
        name, goal = result.target.name, _goal(result.target.times_limit)
        size = f"{result.size / MIB:.0f}"
        table.add_row(name, size, *_times(result.limit_seconds, result.cost, goal))
        costs.add_row(name, *_costs(result.cost[SHAPED]))
        seconds, ratio, note = _peer(result.peer, result.cost[SHAPED])
        others.add_row(name, seconds, ratio, _goal(result.target.times_faster), note)
    _print(table, costs, others)


def write_json(
    path: Path, imported: Sequence[ImportResult], exported: Sequence[ExportResult]
) -> None:
    """Write all figures, in seconds and bytes."""
    figures = {
        "imports": [asdict(result) for result in imported],
        "exports": [asdict(result) for result in exported],
    }
    path.write_text(json.dumps(figures, indent=2) + "\n")


def _print(*tables: Table) -> None:
    for table in tables:
        if table.row_count:
            Console().print(table)


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title)
    for column in columns:
        table.add_column(column, justify="left" if column in _TEXTS else "right")
    return table


def _costs(cost: TaskCost) -> tuple[str, ...]:
    sizes = (cost.peak_bytes, cost.moved_bytes, cost.scratch_bytes)
    return (f"{cost.cpu_seconds:.1f}", *(f"{size / MIB:.0f}" for size in sizes))


def _times(limits: Mapping[str, float], costs: Mapping[str, TaskCost], goal: str) -> list[str]:
    limit, cost = limits[SHAPED], costs[SHAPED]
    plain_limit, plain_cost = limits[PLAIN], costs[PLAIN]
    return [
        f"{limit:.2f}",
        f"{cost.seconds:.2f}",
        f"{cost.seconds / limit:.2f}",
        goal,
        f"{plain_limit:.2f}",
        f"{plain_cost.seconds:.2f}",
        f"{plain_cost.seconds / plain_limit:.2f}",
    ]


def _peer(peer: PeerResult, cost: TaskCost) -> tuple[str, str, str]:
    if not peer.seconds:
        return "", "", peer.note
    least = "> " if peer.note else ""
    return f"{least}{peer.seconds:.1f}", f"{least}{peer.seconds / cost.seconds:.1f}", peer.note


def _goal(times: float) -> str:
    return f"{times:g}" if times else ""
