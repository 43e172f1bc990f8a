from __future__ import annotations

import click
import pytest

from imageferry.actions.declaration import Kind, Model, fields
from imageferry.actions.registry import ECS
from imageferry.actions.sts import STS
from imageferry.cli.main import main
from imageferry.console.samples.call import SampleCall
from imageferry.console.samples.command import VERBS, words

DISK = {"DiskDeviceMapping.1.OSSBucket": "golden", "DiskDeviceMapping.1.OSSObject": "a/b.qcow2"}


def said(action: str, parameters: dict[str, str]) -> list[str] | None:
    call = SampleCall(
        ECS, ECS.actions[action], tuple(parameters.items()), "http://127.0.0.1:8080", "cn-hangzhou"
    )
    return words(call)


def parsed(line: list[str]) -> dict[str, object]:
    """What the verb itself reads out of its words."""
    command = main.get_command(click.Context(main), line[0])
    assert command is not None
    return dict(command.make_context(line[0], line[1:]).params)


EXAMPLES = [
    ("DescribeTasks", {"RegionId": "cn-beijing", "TaskStatus": "Failed", "ResourceIds.1": "m-1"}),
    ("DescribeTaskAttribute", {"TaskId": "t-1"}),
    ("CancelTask", {"TaskId": "t-1"}),
    ("PauseTask", {"TaskId": "t-1"}),
    ("ResumeTask", {"TaskId": "t-1"}),
    ("DescribeImages", {"ImageId": "m-1,m-2", "PageSize": "5"}),
    ("DeleteImage", {"ImageId": "m-1", "DryRun": "true"}),
    ("ExportImage", {"ImageId": "m-1", "OSSBucket": "golden", "OSSPrefix": "nightly"}),
    (
        "ImportImage",
        {
            **DISK,
            "DiskDeviceMapping.1.Format": "qcow2",
            "DiskDeviceMapping.1.DiskImageSize": "20",
            "DiskDeviceMapping.2.OSSBucket": "golden",
            "DiskDeviceMapping.2.OSSObject": "data.vhd",
            "Features.NvmeSupport": "supported",
            "Tag.1.Key": "a",
            "Tag.1.Value": "b=c",
        },
    ),
]


@pytest.mark.parametrize(("action", "parameters"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_the_verb_understands_its_words(action: str, parameters: dict[str, str]) -> None:
    line = said(action, parameters)

    assert line is not None
    assert parsed(line)


def test_every_verb_has_an_example() -> None:
    assert {name for name, _ in EXAMPLES} == VERBS.keys()


def test_the_verb_is_told_what_the_call_says() -> None:
    line = said("ImportImage", {**DISK, "ImageName": "debian-13", "Tag.1.Key": "a"})

    assert line is not None
    found = parsed(line)
    assert found["source"] == "oss://golden/a/b.qcow2"
    assert found["image_name"] == "debian-13"
    assert found["tags"] == ("a=",)
    assert found["no_wait"] is True


@pytest.mark.parametrize("action", VERBS)
def test_a_verb_is_shown_only_if_it_has_a_flag_for_every_parameter(action: str) -> None:
    declared = ECS.actions[action]
    needed = dict(next(parameters for name, parameters in EXAMPLES if name == action))
    for name, value in {**declared.example, **_one_of_each(action)}.items():
        line = said(action, {**needed, name: value})
        assert line is None or parsed(line), name


def _one_of_each(action: str) -> dict[str, str]:
    plain = {Kind.STRING: "x-1", Kind.INTEGER: "5", Kind.BOOLEAN: "true"}
    model: type[Model] = ECS.actions[action].request
    return {
        field.wire + (".1" if field.repeated else ""): (
            field.parameter.allowed[0]
            if field.parameter.allowed
            else field.parameter.example or plain[field.kind]
        )
        for field in fields(model)
        if field.model is None
    }


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("DescribeRegions", {}),
        ("CancelTask", {}),
        ("DescribeTasks", {"TaskIds": "t-1"}),
        ("ImportImage", {"ImageName": "none"}),
        ("ImportImage", {**DISK, "DiskDeviceMapping.1.Device": "/dev/xvda"}),
        ("ExportImage", {"ImageId": "m-1"}),
    ],
)
def test_what_no_verb_can_say_has_no_words(action: str, parameters: dict[str, str]) -> None:
    assert said(action, parameters) is None


def test_other_products_have_no_verbs() -> None:
    call = SampleCall(STS, STS.actions["GetCallerIdentity"], (), "http://localhost", "cn-hangzhou")

    assert words(call) is None
