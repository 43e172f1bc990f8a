"""Whole tasks beside bare ``qemu-img convert`` and ``cp`` of the same files.

A task is timed from the request to the moment at which DescribeTaskAttribute
says Finished: queue, inspection, hashes, conversion, verification and
publication included.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.disk import make_raw_disk
from benchmarks.timing import Way, measure, print_table
from support.service import Service, services

GIB = 2**30
BUCKET = "benchmark"
IMPORTED_FORMATS = {"raw": "raw", "qcow2": "qcow2", "vhd": "vpc"}
EXPORTED_FORMATS = {"qcow2": "qcow2", "vhd": "vpc", "vdi": "vdi", "raw": "raw"}


@dataclass(frozen=True)
class Workplace:
    """Where a benchmark runs.

    Attributes:
        service: The service that is measured.
        folder: A folder for the files of the other ways.
        sources: For each format a file with the same disk.
        data_size: The bytes of data of the disk.
        rounds: How often each way is run.
    """

    service: Service
    folder: Path
    sources: dict[str, Path]
    data_size: int
    rounds: int


def run(*, virtual_size: int = 8 * GIB, data_size: int = 2 * GIB, rounds: int = 3) -> None:
    """Measure imports and exports of every format, and print a table for each."""
    with _workplace(virtual_size, data_size, rounds) as place:
        for image_format in IMPORTED_FORMATS:
            _measure_import(place, image_format)
        image_id = _import(place.service, "disk.raw", "exported")
        for image_format in EXPORTED_FORMATS:
            _measure_export(place, image_format, image_id)


@contextmanager
def _workplace(virtual_size: int, data_size: int, rounds: int) -> Iterator[Workplace]:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name, services(Path(name)) as start:
        folder = Path(name)
        sources = {"raw": folder / "disk.raw"}
        make_raw_disk(sources["raw"], virtual_size=virtual_size, data_size=data_size)
        for image_format in ("qcow2", "vhd"):
            sources[image_format] = folder / f"disk.{image_format}"
            _convert(sources["raw"], "raw", sources[image_format], IMPORTED_FORMATS[image_format])
        service = start(verify="structure")
        service.make_bucket(BUCKET)
        for path in sources.values():
            # A copy in the bucket's folder is an object at once, and stays sparse.
            _copy(path, service.data_dir / "buckets" / BUCKET / path.name)
        yield Workplace(service, folder, sources, data_size, rounds)


def _measure_import(place: Workplace, image_format: str) -> None:
    source, result = place.sources[image_format], place.folder / "result"
    driver = IMPORTED_FORMATS[image_format]
    names = (f"import-{image_format}-{number}" for number in itertools.count())
    bare = "qemu-img convert"
    ways = [
        Way("cp", lambda: _copy(source, result)),
        Way(bare, lambda: _convert(source, driver, result, "qcow2")),
        Way("ImportImage", lambda: _import_and_delete(place.service, source.name, next(names))),
    ]
    medians = measure(ways, rounds=place.rounds)
    print_table(f"Import of {image_format}", medians, limit=bare, size=place.data_size)
    result.unlink()


def _measure_export(place: Workplace, image_format: str, image_id: str) -> None:
    catalogue = place.service.data_dir / "images" / "catalogue" / f"{image_id}-system.qcow2"
    result = place.folder / "result"
    driver = EXPORTED_FORMATS[image_format]
    bare = "qemu-img convert"
    ways = [
        Way("cp", lambda: _copy(catalogue, result)),
        Way(bare, lambda: _convert(catalogue, "qcow2", result, driver)),
    ]
    if image_format == "raw":
        bare = "qemu-img convert, tar | gzip -1"
        ways.append(Way(bare, lambda: _convert_and_pack(catalogue, result)))
    ways.append(Way("ExportImage", lambda: _export(place.service, image_id, image_format)))
    medians = measure(ways, rounds=place.rounds)
    print_table(f"Export as {image_format}", medians, limit=bare, size=place.data_size)
    result.unlink()


def _copy(source: Path, target: Path) -> None:
    _sync_after(target, ["cp", "--sparse=always", "--reflink=never", source, target])


def _convert(source: Path, source_format: str, target: Path, target_format: str) -> None:
    options = ["-o", "force_size=on"] if target_format == "vpc" else []
    command = ["qemu-img", "convert", "-m", "16", "-W", "-f", source_format, "-O", target_format]
    _sync_after(target, [*command, *options, source, target])


def _convert_and_pack(source: Path, target: Path) -> None:
    raw = target.with_suffix(".raw")
    _convert(source, "qcow2", raw, "raw")
    pack = "tar --sparse -C {0} -c {1} | gzip -1 > {2}"
    command = pack.format(raw.parent, raw.name, target)
    _sync_after(target, ["sh", "-c", command])
    raw.unlink()


def _sync_after(target: Path, command: list[str | Path]) -> None:
    """Run a command and wait until its result is on the disk, as a task does."""
    subprocess.run(command, check=True)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _import(service: Service, key: str, name: str) -> str:
    image_id, task_id = service.import_image(BUCKET, key, ImageName=name)
    _check(service.wait_for(task_id, 600))
    return image_id


def _import_and_delete(service: Service, key: str, name: str) -> None:
    service.call("DeleteImage", ImageId=_import(service, key, name))


def _export(service: Service, image_id: str, image_format: str) -> None:
    reply = service.call(
        "ExportImage", ImageId=image_id, OSSBucket=BUCKET, ImageFormat=image_format
    )
    _check(service.wait_for(reply["TaskId"], 600))


def _check(task: dict[str, object]) -> None:
    if task["TaskStatus"] != "Finished":
        raise RuntimeError(f"The task did not finish: {task}")
