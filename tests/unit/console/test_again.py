"""The request that started a task."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from imageferry.actions.registry import ACTIONS
from imageferry.console.again import same_request
from imageferry.console.interface import Task
from imageferry.gateway.parameters import read


def task(action: str, request: dict[str, Any]) -> Task:
    reasons = ("cancel_reason", "pause_reason", "waiting_for")
    texts = ("name", "error_code", "error_message", "phase", *reasons)
    numbers = (
        "sequence",
        "percent",
        "bytes_done",
        "bytes_total",
        "bytes_per_second",
        "place",
        "priority",
    )
    rest: dict[str, Any] = dict.fromkeys(texts, "") | dict.fromkeys(numbers, 0)
    return Task(
        task_id="t-1",
        region_id="cn-hangzhou",
        action=action,
        status="Failed",
        resource_id="m-1",
        created=datetime(2026, 11, 22, tzinfo=UTC),
        finished=None,
        attempt=1,
        moved=None,
        request=request,
        **rest,
    )


def test_an_import_is_asked_for_as_before_but_for_what_is_of_one_call() -> None:
    stored = {
        "RegionId": "cn-hangzhou",
        "DiskDeviceMapping": [{"OSSBucket": "golden", "OSSObject": "a.raw"}],
        "Tag": [{"Key": "team", "Value": "a b"}, {"Key": "empty", "Value": ""}],
        "DryRun": False,
        "ClientToken": "once",
    }

    name, parameters = same_request(task("ImportImage", stored))

    assert name == "ImportImage"
    assert parameters == {
        "RegionId": "cn-hangzhou",
        "DiskDeviceMapping.1.OSSBucket": "golden",
        "DiskDeviceMapping.1.OSSObject": "a.raw",
        "Tag.1.Key": "team",
        "Tag.1.Value": "a b",
        "Tag.2.Key": "empty",
    }
    assert read(ACTIONS[name].request, parameters)


@pytest.mark.parametrize(
    ("layout", "image_format", "compression"),
    [("raw", "raw", "none"), ("qcow2", "qcow2", "none")],
)
@pytest.mark.parametrize("prefix", ["", "nightly"])
def test_an_export_is_read_out_of_what_it_keeps(
    layout: str, image_format: str, compression: str, prefix: str
) -> None:
    key = f"{prefix}_m-1_system" if prefix else "m-1_system"
    stored = {"OSSBucket": "golden", "Layout": layout, "Objects": [key]}

    name, parameters = same_request(task("ExportImage", stored))

    expected = {"RegionId": "cn-hangzhou", "ImageId": "m-1", "OSSBucket": "golden"}
    expected |= {"ImageFormat": image_format, "Compression": compression}
    assert (name, parameters) == (
        "ExportImage",
        expected | ({"OSSPrefix": prefix} if prefix else {}),
    )
    assert read(ACTIONS[name].request, parameters)
