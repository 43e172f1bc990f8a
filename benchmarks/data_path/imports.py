"""Imports of every format, beside the limit and what others do with the same objects."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.data_path import limits, peers
from benchmarks.data_path.peers import PeerResult
from benchmarks.data_path.shaped_store import SHAPED, SOURCES
from benchmarks.data_path.sources import SourceKind, put
from benchmarks.data_path.work import TaskCost, Workplace, measure_task, timed

_names = (f"import-{number}" for number in itertools.count())


@dataclass(frozen=True)
class ImportResult:
    """What the imports of one format took: medians of the rounds.

    Attributes:
        source: The format's name.
        size: The object's size in bytes.
        goal: How many times the limit the import may take.
        limit_seconds: GET of the object, thrown away, by the way to the store.
        cost: The task's, by the way to the store.
        unpack_seconds: Unpacking it in memory; 0 where nothing is packed.
        peers: What others took, by their names, through the shaped network.
    """

    source: str
    size: int
    goal: float
    limit_seconds: Mapping[str, float]
    cost: Mapping[str, TaskCost]
    unpack_seconds: float
    peers: Mapping[str, PeerResult]


def measure(
    place: Workplace,
    kinds: Sequence[SourceKind],
    *,
    rounds: int,
    peer_seconds: Mapping[str, float],
    kept: Path | None,
) -> Iterator[ImportResult]:
    """Measure one format after the other.

    Args:
        place: Where.
        kinds: The formats.
        rounds: How often each way is gone, all in turn.
        peer_seconds: For each format that others import too, how long each of them may take.
        kept: A folder with objects of earlier runs, if any.
    """
    for kind in kinds:
        path = place.store.objects / f"disk.{kind.name}"
        put(kind, place.raw, path, kept)
        try:
            yield _measure(place, kind, path, rounds, peer_seconds.get(kind.name, 0.0))
        finally:
            path.unlink()


def _measure(
    place: Workplace, kind: SourceKind, path: Path, rounds: int, peer_seconds: float
) -> ImportResult:
    size = path.stat().st_size
    limit: dict[str, list[float]] = {way: [] for way in SOURCES}
    costs: dict[str, list[TaskCost]] = {way: [] for way in SOURCES}
    unpacked: list[float] = []
    for _ in range(rounds):
        for way in SOURCES:
            url = place.store.url(path.name, way)
            limit[way].append(timed(partial(limits.get, url, size)))
            costs[way].append(_import(place, kind, path.name, way))
        if kind.unpack is not None:
            unpacked.append(timed(partial(kind.unpack, path)))
    return ImportResult(
        kind.name,
        size,
        kind.goal.value,
        {way: statistics.median(taken) for way, taken in limit.items()},
        {way: median(taken) for way, taken in costs.items()},
        statistics.median(unpacked) if unpacked else 0.0,
        _peers(place, kind, path, peer_seconds) if peer_seconds else {},
    )


def median(costs: Sequence[TaskCost]) -> TaskCost:
    """The one that took the middle of the time."""
    return sorted(costs, key=lambda cost: cost.seconds)[len(costs) // 2]


def _import(place: Workplace, kind: SourceKind, key: str, way: str) -> TaskCost:
    image_id = ""

    def begin() -> str:
        nonlocal image_id
        image_id, task_id = place.service.import_image(
            SOURCES[way],
            key,
            ImageName=next(_names),
            **{"DiskDeviceMapping.1.Format": kind.format.ecs_name},
        )
        return task_id

    cost = measure_task(place, begin)
    place.service.call("DeleteImage", ImageId=image_id)
    return cost


def _peers(
    place: Workplace, kind: SourceKind, path: Path, seconds: float
) -> Mapping[str, PeerResult]:
    url = place.store.url(path.name, SHAPED)
    source = peers.Source(url, kind.format.driver, place.folder)
    return {peer.name: peers.measure(peer, source, seconds) for peer in peers.peers()}
