"""Parameters that are accepted and change nothing."""

from __future__ import annotations

from typing import Any

import pytest

from checklist.facts import unused_parameters
from imageferry.actions.declaration import Model, fields
from support.api import ACTIONS, Api

OF_EACH_IMAGE = ("ImageId", "ImageName", "CreationTime", "DiskDeviceMappings")


def unused(*actions: str) -> list[tuple[str, str]]:
    """The parameters of actions that have no effect, each after its action."""
    return [(place.action, place.name) for place in unused_parameters() if place.action in actions]


def value_of(action: str, name: str) -> str:
    """A value that a parameter accepts."""
    request: type[Model] = ACTIONS[action].request
    (field,) = (field for field in fields(request) if field.wire == name)
    return field.parameter.example


def shown(api: Api, image_id: str) -> dict[str, Any]:
    """What is told of an image, but for what two images never share."""
    (image,) = api.call("DescribeImages", ImageId=image_id)["Images"]["Image"]
    return {name: value for name, value in image.items() if name not in OF_EACH_IMAGE}


@pytest.mark.parametrize(
    ("action", "name"), unused("DescribeImages", "DescribeRegions", "DescribeTags", "DescribeTasks")
)
def test_a_list_is_the_same(api: Api, action: str, name: str) -> None:
    api.available_image(Tag__1__Key="team")

    assert api.call(action, **{name: value_of(action, name)}) == api.call(action)


@pytest.mark.parametrize(("action", "name"), unused("ImportImage"))
def test_an_image_is_the_same(api: Api, action: str, name: str) -> None:
    image_id = api.available_image(**{name: value_of(action, name)})

    assert shown(api, image_id) == shown(api, api.available_image())


@pytest.mark.parametrize(("action", "name"), unused("ExportImage"))
def test_an_export_is_the_same(api: Api, action: str, name: str) -> None:
    image_id = api.available_image()

    asked = {"ImageId": image_id, "OSSBucket": "golden", name: value_of(action, name)}
    task_id = api.call(action, **asked)["TaskId"]

    assert api.queued[-1] == (task_id, action)
    assert api.call("DescribeTaskAttribute", TaskId=task_id)["TaskStatus"] == "Waiting"
