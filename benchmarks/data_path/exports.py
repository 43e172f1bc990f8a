"""Exports in every format, beside the limit and convert-then-upload."""

from __future__ import annotations

import statistics
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.data_path import limits
from benchmarks.data_path.imports import median
from benchmarks.data_path.peers import PeerResult
from benchmarks.data_path.shaped_store import PLAIN, SHAPED
from benchmarks.data_path.work import TaskCost, Workplace, measure_task, timed
from support.seaweedfs import REGION

WAYS = (SHAPED, PLAIN)


@dataclass(frozen=True)
class TargetKind:
    """One format of exports.

    Attributes:
        name: What the tables call it.
        image_format: The word of ExportImage.
        compression: The word of its extension.
        convert: What qemu-img and others do instead: a shell command with ``{disk}``, a raw
            file in ``{folder}``, and ``{target}``.
        times_limit: How many times the limit it may take; 0 where the goal is another.
        times_faster: How many times faster it is to be than convert-then-upload; 0 where the
            goal is another.
    """

    name: str
    image_format: str
    compression: str
    convert: str
    times_limit: float = 0.0
    times_faster: float = 0.0

    def bucket(self, way: str) -> str:
        """The bucket that it is exported to: each has its own, which is deleted at once."""
        return f"{self.name.replace('.', '-')}-{way}"


_CONVERT = "qemu-img convert -f qcow2 -O {driver} {options} {{disk}} {{target}}"


def _qemu(driver: str, options: str = "") -> str:
    return _CONVERT.format(driver=driver, options=options)


_TAR = _qemu("raw").replace("{target}", "{folder}/disk.raw") + (
    " && tar --sparse -C {folder} -c disk.raw | gzip -1 > {target}; rm {folder}/disk.raw"
)
_STREAM = "-o subformat=streamOptimized"

KINDS: Mapping[str, TargetKind] = {
    kind.name: kind
    for kind in (
        TargetKind("raw", "raw", "none", _qemu("raw"), times_limit=1.0),
        TargetKind("vhd", "vhd", "none", _qemu("vpc", "-o force_size=on"), times_limit=1.1),
        TargetKind("vdi", "vdi", "none", _qemu("vdi"), times_limit=1.1),
        TargetKind("qcow2", "qcow2", "none", _qemu("qcow2"), times_limit=1.1),
        TargetKind("zlib.qcow2", "qcow2", "zlib", _qemu("qcow2", "-c"), times_faster=8),
        TargetKind(
            "zstd.qcow2",
            "qcow2",
            "zstd",
            _qemu("qcow2", "-c -o compression_type=zstd"),
            times_faster=8,
        ),
        TargetKind("vmdk", "vmdk", "zlib", _qemu("vmdk", _STREAM), times_faster=8),
        TargetKind("raw.tar.gz", "raw", "gzip", _TAR, times_faster=8),
    )
}


@dataclass(frozen=True)
class ExportResult:
    """What the exports in one format took: medians of the rounds.

    Attributes:
        target: The format.
        size: The object's size in bytes.
        limit_seconds: PUT of the same object as a ready file, by the way to the store.
        cost: The task's, by the way to the store.
        peer: Convert-then-upload of the same disk through the shaped network.
    """

    target: TargetKind
    size: int
    limit_seconds: Mapping[str, float]
    cost: Mapping[str, TaskCost]
    peer: PeerResult


def chosen(names: Sequence[str]) -> list[TargetKind]:
    """The kinds of those names, or all where none is named."""
    return [KINDS[name] for name in names or KINDS if name in KINDS]


def buckets(kinds: Sequence[TargetKind]) -> dict[str, str]:
    """The buckets that exports of these kinds go to, with the way to each."""
    return {kind.bucket(way): way for kind in kinds for way in WAYS}


def measure(
    place: Workplace,
    image_id: str,
    kinds: Sequence[TargetKind],
    *,
    rounds: int,
    peer_seconds: float,
) -> Iterator[ExportResult]:
    """Measure one format after the other.

    Args:
        place: Where.
        image_id: The image, in the catalogue.
        kinds: The formats.
        rounds: How often each way is gone, all in turn.
        peer_seconds: How long convert-then-upload may take; 0 leaves it out.
    """
    for kind in kinds:
        yield _measure(place, image_id, kind, rounds, peer_seconds)


def _measure(
    place: Workplace, image_id: str, kind: TargetKind, rounds: int, peer_seconds: float
) -> ExportResult:
    ready = place.folder / "ready"
    limit: dict[str, list[float]] = {way: [] for way in WAYS}
    costs: dict[str, list[TaskCost]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way in WAYS:
            bucket = kind.bucket(way)
            costs[way].append(measure_task(place, partial(_begin, place, image_id, kind, bucket)))
            _take(place, bucket, ready)
            client = _client(place, way)
            limit[way].append(timed(partial(limits.put, client, bucket, ready)))
            _empty(place, bucket)
    size = ready.stat().st_size
    ready.unlink()
    return ExportResult(
        kind,
        size,
        {way: statistics.median(taken) for way, taken in limit.items()},
        {way: median(taken) for way, taken in costs.items()},
        _peer(place, image_id, kind, peer_seconds),
    )


def _begin(place: Workplace, image_id: str, kind: TargetKind, bucket: str) -> str:
    task_id: str = place.service.call(
        "ExportImage",
        ImageId=image_id,
        OSSBucket=bucket,
        ImageFormat=kind.image_format,
        Compression=kind.compression,
    )["TaskId"]
    return task_id


def _take(place: Workplace, bucket: str, path: Path) -> None:
    """Have the object that was exported as a file."""
    [key] = place.store.s3.keys(bucket, f"{bucket}/")
    place.store.s3.client.download_file(bucket, key, str(path))


def _empty(place: Workplace, bucket: str) -> None:
    """Take the objects away. SeaweedFS gives the disk back when the whole bucket goes."""
    client = place.store.s3.client
    for key in place.store.s3.keys(bucket):
        client.delete_object(Bucket=bucket, Key=key)
    client.delete_bucket(Bucket=bucket)
    client.create_bucket(Bucket=bucket)
    place.service.make_bucket(bucket)


def _peer(place: Workplace, image_id: str, kind: TargetKind, seconds: float) -> PeerResult:
    if not seconds:
        return PeerResult(0.0, "not asked for")
    disk = place.service.data_dir / "images" / "catalogue" / f"{image_id}-system.qcow2"
    target = place.folder / "ready"
    bucket = kind.bucket(SHAPED)
    command = kind.convert.format(disk=disk, folder=place.folder, target=target)

    def work() -> None:
        subprocess.run(["sh", "-c", command], check=True, timeout=seconds)
        limits.put(_client(place, SHAPED), bucket, target)

    try:
        return PeerResult(timed(work))
    except subprocess.TimeoutExpired:
        return PeerResult(seconds, f"ended after {seconds:.0f} s")
    finally:
        target.unlink(missing_ok=True)
        _empty(place, bucket)


def _client(place: Workplace, way: str) -> Any:
    s3 = place.store.s3
    return boto3.session.Session().client(
        "s3",
        endpoint_url=place.store.endpoints[way],
        region_name=REGION,
        aws_access_key_id=s3.access_key_id,
        aws_secret_access_key=s3.access_key_secret,
        config=Config(s3={"addressing_style": "path"}, signature_version="s3v4"),
    )
