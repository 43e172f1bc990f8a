"""The service with its buckets and images in S3: all works, and nothing is left behind."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.ferry import guest_bytes
from support.seaweedfs import REGION, S3Server
from support.service import PATIENCE, Service, services, until

BUCKET = "golden"
MIB = 1 << 20
DISK = random.Random(7).randbytes(96 * MIB) + bytes(8 * MIB) + random.Random(8).randbytes(MIB)


@pytest.fixture(scope="module")
def remote_bucket(seaweedfs: S3Server) -> str:
    return seaweedfs.make_bucket()


@pytest.fixture(scope="module")
def remote_service(
    tmp_path_factory: pytest.TempPathFactory, seaweedfs: S3Server, remote_bucket: str
) -> Iterator[Service]:
    options = f"region={REGION}&endpoint={seaweedfs.endpoint}&path_style=true"
    with services(tmp_path_factory.mktemp("remote")) as start:
        yield start(
            buckets_url=f"s3://{remote_bucket}/buckets?{options}",
            images_url=f"s3://{remote_bucket}/images?{options}",
            s3_access_key_id=seaweedfs.access_key_id,
            s3_access_key_secret=seaweedfs.access_key_secret,
        )


@pytest.fixture(scope="module")
def image_id(remote_service: Service) -> str:
    remote_service.put(BUCKET, "system.raw", DISK)
    image_id, task_id = remote_service.import_image(BUCKET, "system.raw")
    assert remote_service.wait_for(task_id)["TaskStatus"] == "Finished"
    return image_id


def _related_items(task: dict[str, Any]) -> dict[str, int]:
    """The sizes that are told of a task's only disk."""
    (disk,) = task["OperationProgressSet"]["OperationProgress"]
    items = disk["RelatedItemSet"]["RelatedItem"]
    return {item["Name"]: int(item["Value"]) for item in items if item["Value"].isdecimal()}


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def objects(seaweedfs: S3Server, remote_bucket: str) -> set[str]:
    """What is in the remote bucket besides the records of buckets."""
    return {key for key in seaweedfs.keys(remote_bucket) if "/.imageferry/buckets/" not in key}


def test_an_import_and_an_export_need_no_local_store(
    remote_service: Service, image_id: str, seaweedfs: S3Server, remote_bucket: str
) -> None:
    reply = remote_service.call(
        "ExportImage", ImageId=image_id, OSSBucket=BUCKET, ImageFormat="qcow2"
    )
    task = remote_service.wait_for(reply["TaskId"])
    assert task["TaskStatus"] == "Finished"
    assert _related_items(task)["ScratchLimit"] > len(DISK)

    (exported,) = [
        key
        for key in objects(seaweedfs, remote_bucket)
        if key.startswith(f"buckets/{BUCKET}/") and key.endswith(".qcow2")
    ]
    name = exported.removeprefix(f"buckets/{BUCKET}/")
    assert guest_bytes(remote_service.get(BUCKET, name), "qcow2") == DISK
    assert f"images/catalogue/{image_id}-system.qcow2" in objects(seaweedfs, remote_bucket)
    _nothing_is_left(remote_service, seaweedfs, remote_bucket)
    for folder in ("buckets", "images"):
        assert not files_below(remote_service.data_dir / folder)
    _secret_is_nowhere(remote_service, seaweedfs.access_key_secret)


def test_a_cancelled_export_leaves_neither_object_nor_upload(
    remote_service: Service, image_id: str, seaweedfs: S3Server, remote_bucket: str
) -> None:
    _nothing_is_left(remote_service, seaweedfs, remote_bucket)  # of the import of the image
    before = objects(seaweedfs, remote_bucket)
    reply = remote_service.call(
        "ExportImage", ImageId=image_id, OSSBucket=BUCKET, ImageFormat="vhd", OSSPrefix="cancelled"
    )
    until(lambda: seaweedfs.uploads(remote_bucket), 60, "The upload of the export")
    remote_service.call("CancelTask", TaskId=reply["TaskId"])
    assert remote_service.wait_for(reply["TaskId"])["TaskStatus"] == "Deleted"

    _nothing_is_left(remote_service, seaweedfs, remote_bucket)
    assert objects(seaweedfs, remote_bucket) == before


def _secret_is_nowhere(service: Service, secret: str) -> None:
    shown = [service.log, *files_below(service.data_dir)]
    assert all(secret.encode() not in path.read_bytes() for path in shown)


def _nothing_is_left(service: Service, seaweedfs: S3Server, remote_bucket: str) -> None:
    """Wait until a task's clean-up is done, which comes after its end."""

    def clean() -> bool:
        staged = [key for key in seaweedfs.keys(remote_bucket) if "/staged/" in key]
        scratch = files_below(service.data_dir / "scratch")
        return not (staged or seaweedfs.uploads(remote_bucket) or scratch)

    until(clean, PATIENCE, "The clean-up")
