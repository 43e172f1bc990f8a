"""Errors as the official clients present them, and the shapes that requests and replies have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from support.clients import OPENINGS, Client, Opening, PythonV1
from support.refusals import RefusedError
from support.service import REGION, Service

WRONG_SECRET = "this is not the secret"
REQUEST_ID = "[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}"


@pytest.fixture(params=OPENINGS)
def opening(request: pytest.FixtureRequest) -> Opening:
    """Each way to open a client, with a key of the test's choice."""
    return OPENINGS[request.param]


@pytest.fixture(scope="module", params=OPENINGS)
def client(request: pytest.FixtureRequest, service: Service) -> Iterator[Client]:
    """Each client with the first account's key."""
    with OPENINGS[request.param](service) as opened:
        yield opened


def refusal(client: Client, action: str, **parameters: Any) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        client.call(action, parameters)
    return refused.value


def test_an_unknown_task(client: Client) -> None:
    error = refusal(client, "DescribeTaskAttribute", TaskId="t-unknown")

    assert (error.code, error.status) == ("InvalidTaskId.NotFound", 400)
    assert 'The specified "TaskId" is not found.' in error.message
    assert re.fullmatch(REQUEST_ID, error.request_id)


def test_an_unknown_image(client: Client) -> None:
    error = refusal(client, "ExportImage", ImageId="m-unknown", OSSBucket="absent-bucket")

    assert (error.code, error.status) == ("InvalidOSSBucket.NotFound", 400)


def test_an_image_that_is_not_there_is_an_empty_list(client: Client) -> None:
    reply = client.call("DescribeImages", {"ImageId": "m-unknown"})

    assert (reply["TotalCount"], reply["Images"]["Image"]) == (0, [])


def test_a_missing_parameter_is_named(client: Client) -> None:
    error = refusal(client, "ImportImage", DiskDeviceMapping=[{"OSSBucket": "absent"}])

    assert (error.code, error.status) == ("MissingParameter", 400)
    assert (
        'An input parameter "DiskDeviceMapping.1.OSSObject" that is mandatory for processing the '
        "request is not supplied."
    ) in error.message


def test_a_dry_run(client: Client, service: Service) -> None:
    service.put("errors", "disk.raw", bytes(4096))
    disk = {"OSSBucket": "errors", "OSSObject": "disk.raw"}

    error = refusal(client, "ImportImage", DiskDeviceMapping=[disk], DryRun=True)

    assert (error.code, error.status) == ("DryRunOperation", 400)


def test_a_hostile_image_is_refused_with_its_reason(client: Client, service: Service) -> None:
    service.put("errors", "boot.vmdk", b'# Disk DescriptorFile\nversion=1\nRW 1 FLAT "/etc/passwd"')
    disk = {"OSSBucket": "errors", "OSSObject": "boot.vmdk", "Format": "VMDK"}

    error = refusal(client, "ImportImage", DiskDeviceMapping=[disk])

    assert (error.code, error.status) == ("InvalidImageFormat.Malformed", 403)
    assert "boot.vmdk" in error.message
    assert "separate descriptor" in error.message


def test_a_wrong_secret(opening: Opening, service: Service) -> None:
    with opening(service, secret=WRONG_SECRET) as client:
        error = refusal(client, "DescribeRegions")

    assert error.status == 400
    if isinstance(client, PythonV1):
        # The SDK compares the string to sign that the message ends with with its own.
        assert error.code == "InvalidAccessKeySecret"
    else:
        assert error.code == "SignatureDoesNotMatch"
        assert "Specified signature is not matched with our calculation." in error.message


def test_an_unknown_key(opening: Opening, service: Service) -> None:
    with opening(service, key_id="LTAIunknown") as client:
        error = refusal(client, "DescribeRegions")

    assert (error.code, error.status) == ("InvalidAccessKeyId.NotFound", 404)
    assert "Specified access key is not found." in error.message


@pytest.fixture
def python(service: Service) -> PythonV1:
    return PythonV1(service)


def answer(python: PythonV1, action: str, *, status: int = 200, **parameters: str) -> ET.Element:
    """The root of an answer in XML."""
    found, body = python.call_for_xml(action, {"RegionId": REGION, **parameters})
    assert found == status
    return ET.fromstring(body)


def test_a_reply_in_xml(python: PythonV1) -> None:
    root = answer(python, "DescribeRegions", AcceptLanguage="en-US")

    assert root.tag == "DescribeRegionsResponse"
    assert root.findtext("RequestId")
    assert root.findtext("Regions/Region/RegionId") == "cn-hangzhou"
    assert len(root.findall("Regions/Region")) == 6


def test_tasks_in_xml(python: PythonV1, service: Service) -> None:
    service.put("errors", "disk.raw", bytes(4096))
    image_id, task_id = service.import_image("errors", "disk.raw")
    service.wait_for(task_id)

    task = answer(python, "DescribeTaskAttribute", TaskId=task_id)
    tasks = answer(python, "DescribeTasks", TaskIds=task_id)

    assert task.tag == "DescribeTaskAttributeResponse"
    assert (task.findtext("TaskStatus"), task.findtext("TaskProcess")) == ("Finished", "100%")
    progress = task.find("OperationProgressSet/OperationProgress")
    assert progress is not None
    assert progress.findtext("OperationStatus") == "Success"
    items = progress.findall("RelatedItemSet/RelatedItem")
    assert ("OSSObject", "disk.raw") in [
        (item.findtext("Name"), item.findtext("Value")) for item in items
    ]
    assert tasks.tag == "DescribeTasksResponse"
    assert tasks.findtext("TaskSet/Task/ResourceId") == image_id
    assert tasks.findtext("TotalCount") == "1"


def test_an_error_in_xml(python: PythonV1) -> None:
    error = answer(python, "DescribeTaskAttribute", status=400, TaskId="t-unknown")

    assert error.tag == "Error"
    assert error.findtext("Code") == "InvalidTaskId.NotFound"
    assert error.findtext("Message") == 'The specified "TaskId" is not found.'
    assert {child.tag for child in error} == {
        "RequestId",
        "HostId",
        "Code",
        "Message",
        "Recommend",
    }


def test_parameters_in_a_form_body(python: PythonV1) -> None:
    reply = python.call_by_form("DescribeImages", {"PageNumber": "3", "PageSize": "7"})

    assert (reply["PageNumber"], reply["PageSize"]) == (3, 7)


def test_a_nested_name_with_odd_characters_is_signed_alike(client: Client) -> None:
    reply = client.call("DescribeImages", {"Tag": [{"Key": "a b*c~d+e/é", "Value": "!'()%25"}]})

    assert reply["TotalCount"] == 0


def test_names_of_tags_in_lower_case(python: PythonV1, service: Service) -> None:
    service.put("errors", "tagged.raw", bytes(4096))
    image_id, task_id = service.import_image(
        "errors", "tagged.raw", **{"Tag.1.key": "by", "Tag.1.value": "an old client"}
    )
    service.wait_for(task_id)

    reply = python.call_plainly(
        "DescribeImages", {"RegionId": "cn-hangzhou", "Tag.1.key": "by", "OwnerId": "1"}
    )

    assert [image["ImageId"] for image in reply["Images"]["Image"]] == [image_id]
