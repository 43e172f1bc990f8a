"""Buckets in S3, and a store that is gone or a service that is killed while it writes there."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

import alibabacloud_oss_v2 as oss
import psutil
import pytest
from alibabacloud_oss_v2.exceptions import OperationError

from imageferry.buckets.remote_client import Credentials
from imageferry.buckets.remote_store import RemoteStore
from imageferry.buckets.s3 import S3Client
from support.seaweedfs import REGION, S3Server
from support.service import PATIENCE, ApiRefusedError, Service, until

BUCKET = "golden"
MIB = 1 << 20
DATA = random.Random(9).randbytes(48 * MIB)
Start = Callable[..., Service]


def settings(endpoint: str, bucket: str, key_id: str, secret: str) -> dict[str, str]:
    options = f"region={REGION}&endpoint={endpoint}&path_style=true"
    return {
        "buckets_url": f"s3://{bucket}/buckets?{options}",
        "images_url": f"s3://{bucket}/images?{options}",
        "s3_access_key_id": key_id,
        "s3_access_key_secret": secret,
    }


@pytest.fixture
def remote_bucket(seaweedfs: S3Server) -> str:
    return seaweedfs.make_bucket()


@pytest.fixture
def remote(seaweedfs: S3Server, remote_bucket: str) -> tuple[S3Server, str]:
    """The store, and the bucket that has everything of the test."""
    return seaweedfs, remote_bucket


@pytest.fixture
def in_s3(seaweedfs: S3Server, remote_bucket: str) -> dict[str, str]:
    """The settings of a service that has everything in a bucket of its own."""
    return settings(
        seaweedfs.endpoint, remote_bucket, seaweedfs.access_key_id, seaweedfs.access_key_secret
    )


def killed_and_started(
    service: Service, start: Start, in_s3: dict[str, str], *arguments: str
) -> Service:
    tree = psutil.Process(service.process.pid).children(recursive=True)
    service.kill()
    _, alive = psutil.wait_procs(tree, timeout=PATIENCE)
    assert alive == []
    return start(*arguments, data_dir=service.data_dir, **in_s3)


def swept(seaweedfs: S3Server, remote_bucket: str) -> set[str]:
    """What is in the remote bucket, besides records of buckets, once the sweep's time has come."""
    client = S3Client(
        remote_bucket,
        Credentials(seaweedfs.access_key_id, seaweedfs.access_key_secret),
        region=REGION,
        endpoint=seaweedfs.endpoint,
        path_style=True,
    )
    for prefix in ("buckets/", "images/"):
        RemoteStore(client, prefix).sweep(timedelta(seconds=-2))
    assert seaweedfs.uploads(remote_bucket) == []
    return {key for key in seaweedfs.keys(remote_bucket) if "/.imageferry/buckets/" not in key}


def test_a_kill_during_a_put_leaves_nothing_in_the_store(
    start_service: Start, in_s3: dict[str, str], seaweedfs: S3Server, remote_bucket: str
) -> None:
    service = start_service("--no-worker", **in_s3)
    service.put(BUCKET, "key", b"old")
    go_on = threading.Event()

    def body() -> Iterator[bytes]:
        yield from (DATA[start : start + MIB] for start in range(0, len(DATA), MIB))
        go_on.wait()

    def put() -> None:
        request = oss.PutObjectRequest(bucket=BUCKET, key="key", body=body())
        with suppress(OperationError):
            service.objects.put_object(request)

    sender = threading.Thread(target=put)
    sender.start()
    until(lambda: seaweedfs.uploads(remote_bucket), PATIENCE, "The upload to S3")
    service = killed_and_started(service, start_service, in_s3, "--no-worker")
    go_on.set()
    sender.join()
    assert service.get(BUCKET, "key") == b"old"
    assert swept(seaweedfs, remote_bucket) == {f"buckets/{BUCKET}/key"}


def test_a_kill_between_parts_loses_none_and_a_sweep_takes_all(
    start_service: Start, in_s3: dict[str, str], seaweedfs: S3Server, remote_bucket: str
) -> None:
    service = start_service("--no-worker", **in_s3)
    service.make_bucket(BUCKET)
    which = {"bucket": BUCKET, "key": "key"}
    started = service.objects.initiate_multipart_upload(oss.InitiateMultipartUploadRequest(**which))
    which["upload_id"] = started.upload_id
    for number, size in ((1, 6 * MIB), (2, MIB)):
        service.objects.upload_part(
            oss.UploadPartRequest(**which, part_number=number, body=DATA[:size])
        )
    service = killed_and_started(service, start_service, in_s3, "--no-worker")
    listed = service.objects.list_parts(oss.ListPartsRequest(**which))
    assert [(part.part_number, part.size) for part in listed.parts] == [(1, 6 * MIB), (2, MIB)]
    assert swept(seaweedfs, remote_bucket) == set()
    with pytest.raises(OperationError, match="NoSuchUpload"):
        service.objects.list_parts(oss.ListPartsRequest(**which))


def test_a_kill_during_an_export_leaves_the_finished_export_only(
    start_service: Start, in_s3: dict[str, str], seaweedfs: S3Server, remote_bucket: str
) -> None:
    service = start_service(**in_s3)
    service.put(BUCKET, "disk.raw", DATA)
    image_id, task_id = service.import_image(BUCKET, "disk.raw")
    assert service.wait_for(task_id)["TaskStatus"] == "Finished"
    before = swept(seaweedfs, remote_bucket)
    reply = service.call("ExportImage", ImageId=image_id, OSSBucket=BUCKET, ImageFormat="raw")
    until(lambda: seaweedfs.uploads(remote_bucket), PATIENCE, "The upload of the export")
    service = killed_and_started(service, start_service, in_s3)
    assert service.wait_for(reply["TaskId"])["TaskStatus"] == "Finished"
    (exported,) = swept(seaweedfs, remote_bucket) - before
    assert exported.startswith(f"buckets/{BUCKET}/{image_id}")


@pytest.mark.parametrize("is_cancelled", [False, True])
@pytest.mark.parametrize("action", ["ImportImage", "ExportImage"])
def test_a_kill_during_a_transfer_leaves_no_upload_when_the_task_has_ended(
    start_service: Start,
    in_s3: dict[str, str],
    remote: tuple[S3Server, str],
    action: str,
    is_cancelled: bool,
) -> None:
    service = start_service(**in_s3)
    task_id = _task_in_transfer(service, remote, action)
    before = _seen(*remote)
    service = killed_and_started(service, start_service, in_s3)

    if is_cancelled:
        service.call("CancelTask", TaskId=task_id)

    ended = service.wait_for(task_id)["TaskStatus"]
    assert ended == ("Deleted" if is_cancelled else "Finished")
    until(lambda: _seen(*remote) and not _unseen(*remote), PATIENCE, "The clean-up")
    assert len(_seen(*remote) - before) == (0 if is_cancelled else 1)


def _task_in_transfer(service: Service, remote: tuple[S3Server, str], action: str) -> str:
    """Begin a task, and wait until it sends something to the store."""
    service.put(BUCKET, "disk.raw", DATA)
    image_id, task_id = service.import_image(BUCKET, "disk.raw")
    if action == "ExportImage":
        assert service.wait_for(task_id)["TaskStatus"] == "Finished"
        reply = service.call("ExportImage", ImageId=image_id, OSSBucket=BUCKET, ImageFormat="vhd")
        task_id = reply["TaskId"]
    until(lambda: remote[0].uploads(remote[1]), PATIENCE, "The upload of the task")
    return task_id


def _seen(seaweedfs: S3Server, bucket: str) -> set[str]:
    """What anybody sees in the buckets and the catalogue."""
    return {key for key in seaweedfs.keys(bucket) if "/.imageferry/" not in key}


def _unseen(seaweedfs: S3Server, bucket: str) -> list[object]:
    """What tasks have on their way."""
    keys = seaweedfs.keys(bucket)
    return [*seaweedfs.uploads(bucket), *(key for key in keys if "/staged/" in key)]


@pytest.fixture(scope="module")
def nobody() -> Iterator[str]:
    """The address of a store that is down."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_store_that_is_down_is_named_to_clients_of_both_apis(
    start_service: Start, nobody: str
) -> None:
    service = start_service(
        "--no-worker", **settings(nobody, "gone", "key", "top secret") | {"images_url": ""}
    )
    with pytest.raises(ApiRefusedError) as refused:
        service.import_image(BUCKET, "disk.raw")
    assert (refused.value.status, refused.value.code) == (503, "ServiceUnavailable")
    assert "remote store" in refused.value.body["Recommend"]
    with pytest.raises(OperationError) as failed:
        service.objects.get_object(
            oss.GetObjectRequest(bucket=BUCKET, key="disk.raw"), operation_timeout=20
        )
    error = failed.value.unwrap()
    assert (error.status_code, error.code) == (503, "ServiceUnavailable")
