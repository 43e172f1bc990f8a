"""Measure imports and exports of one disk through a network like a cloud's."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.data_path import exports, imports, report, sources
from benchmarks.data_path.exports import ExportResult, TargetKind
from benchmarks.data_path.imports import ImportResult
from benchmarks.data_path.shaped_store import ECHO_MODULE, SHAPED, SOURCES
from benchmarks.data_path.sources import SourceKind
from benchmarks.data_path.work import TASK_SECONDS, Workplace, workplace
from benchmarks.disk import Content, make_raw_disk

_Result = TypeVar("_Result", ImportResult, ExportResult)

MEMORY = Path("/dev/shm")
PEER_SECONDS = 600.0
PEERS_OF = ("vhd", "qcow2")
"""The formats that others import too, unless all are asked for: some take minutes."""


@dataclass(frozen=True)
class Options:
    """What is measured.

    Attributes:
        virtual_size: The disk's size in bytes.
        data_size: The bytes of it that are data.
        content: What the disk holds.
        rounds: How often each way is gone.
        sources: The formats to import; all where none is named, here and in ``targets``.
        targets: The formats to export.
        all_peers: Whether others import every format.
        peer_seconds: How long each of the others may take; 0 leaves them out.
        json: A file for the figures, or ``None``.
        kept: A folder for objects that later runs take, or ``None``.
    """

    virtual_size: int
    data_size: int
    content: Content = Content.FILES
    rounds: int = 3
    sources: Sequence[str] = ()
    targets: Sequence[str] = ()
    all_peers: bool = False
    peer_seconds: float = PEER_SECONDS
    json: Path | None = None
    kept: Path | None = None


def run(options: Options) -> None:
    """Measure, and print the tables.

    Raises:
        RuntimeError: the programs that stand for the network are not installed.
    """
    if shutil.which("nginx") is None or not ECHO_MODULE.exists():
        raise RuntimeError(
            "The data path is measured with nginx and its module echo: install nginx and "
            "libnginx-mod-http-echo (Debian and Ubuntu), then run make bench again."
        )
    source_kinds, target_kinds = sources.chosen(options.sources), exports.chosen(options.targets)
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as name,
        tempfile.TemporaryDirectory(dir=_memory()) as in_memory,
    ):
        folder, objects = Path(name), Path(in_memory)
        raw = objects / "the-disk"
        make_raw_disk(
            raw,
            virtual_size=options.virtual_size,
            data_size=options.data_size,
            content=options.content,
        )
        with workplace(raw, folder, objects, exports.buckets(target_kinds)) as place:
            imported = _imports(place, source_kinds, options)
            report.print_imports(imported)
            exported = _exports(place, target_kinds, options)
            report.print_exports(exported)
    if options.json is not None:
        report.write_json(options.json, imported, exported)


def _memory() -> Path | None:
    """Where the objects to import lie: a store's disks are not what is measured."""
    return MEMORY if MEMORY.is_dir() else None


def _imports(
    place: Workplace, kinds: Sequence[SourceKind], options: Options
) -> Sequence[ImportResult]:
    peer_seconds = {
        kind.name: options.peer_seconds
        for kind in kinds
        if kind.others_import and (options.all_peers or kind.name in PEERS_OF)
    }
    measured = imports.measure(
        place, kinds, rounds=options.rounds, peer_seconds=peer_seconds, kept=_kept(options)
    )
    return [_told(result, f"import of {result.source}") for result in measured]


def _kept(options: Options) -> Path | None:
    """Where the objects made of this very disk are kept."""
    if options.kept is None:
        return None
    disk = f"{options.virtual_size}-{options.data_size}-{options.content.value}"
    folder = options.kept / disk
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _exports(
    place: Workplace, kinds: Sequence[TargetKind], options: Options
) -> Sequence[ExportResult]:
    key = "exported.raw"
    place.raw.rename(place.store.objects / key)
    image_id, task_id = place.service.import_image(SOURCES[SHAPED], key, ImageName="exported")
    task = place.service.wait_for(task_id, TASK_SECONDS)
    if task["TaskStatus"] != "Finished":
        raise RuntimeError(f"The task did not finish: {task}")
    measured = exports.measure(
        place, image_id, kinds, rounds=options.rounds, peer_seconds=options.peer_seconds
    )
    return [_told(result, f"export as {result.target.name}") for result in measured]


def _told(result: _Result, what: str) -> _Result:
    """Tell what is done, because all takes minutes."""
    seconds = result.cost[SHAPED].seconds
    times = seconds / result.limit_seconds[SHAPED]
    print(f"{what}: {seconds:.1f} s, {times:.2f} times the limit", flush=True)
    return result
