"""The service that other tests stand on: it starts, serves, crashes, goes on and ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.service import ApiRefusedError, Service


def test_an_object_put_is_imported(service: Service) -> None:
    service.put("support", "disk.raw", bytes(1 << 20))

    image_id, task_id = service.import_image("support", "disk.raw", ImageName="support-disk")

    task = service.wait_for(task_id)
    assert task["TaskStatus"] == "Finished", task
    images = service.call("DescribeImages", ImageId=image_id)["Images"]["Image"]
    assert [image["Status"] for image in images] == ["Available"]
    assert service.get("support", "disk.raw") == bytes(1 << 20)


def test_a_refusal_is_raised(service: Service) -> None:
    with pytest.raises(ApiRefusedError) as refused:
        service.task("t-unknown")

    assert (refused.value.status, refused.value.code) == (400, "InvalidTaskId.NotFound")


def test_a_killed_service_starts_again_on_its_data(
    start_service: Callable[..., Service], tmp_path: Path
) -> None:
    first = start_service("--no-worker", data_dir=tmp_path / "data")
    first.put("support", "disk.raw", bytes(1 << 20))
    _, task_id = first.import_image("support", "disk.raw")
    first.kill()

    second = start_service(data_dir=tmp_path / "data")

    assert second.access_key_id == first.access_key_id
    assert second.wait_for(task_id)["TaskStatus"] == "Finished"
    assert second.stop() == 0
