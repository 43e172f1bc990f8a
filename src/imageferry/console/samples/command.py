"""The command line of our own that makes a call, where a verb can say all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from imageferry.actions.declaration import Field, Model, fields
from imageferry.console.samples.call import SampleCall
from imageferry.console.samples.values import Struct, Value

Words = Iterator[str]


class UnsaidError(Exception):
    """No verb can say what a call says."""


@dataclass(frozen=True)
class Verb:
    """How a verb says the parameters of an action.

    Attributes:
        name: The verb.
        argument: The parameter that is an argument.
        flags: The flags that are not named as their parameter is.
        own: What says parameters in a way of its own; it takes them out of the values.
        unsaid: Parameters that the verb has no flag for.
    """

    name: str
    argument: str = ""
    flags: Mapping[str, str] = field(default_factory=dict)
    own: Callable[[dict[str, Any]], Words] | None = None
    unsaid: frozenset[str] = frozenset()


def words(call: SampleCall) -> list[str] | None:
    """The words behind ``imageferry``, or ``None`` where no verb says the call."""
    verb = VERBS.get(call.action.name)
    if verb is None or call.product.name != "ecs":
        return None
    values = dict(call.request.members)
    region = values.pop("RegionId", call.region)
    model: type[Model] = call.action.request
    declared = {item.wire: item for item in fields(model)}
    try:
        said = [*_argument(verb, values), *(verb.own(values) if verb.own else ())]
        for name, value in values.items():
            said += _flag(verb, declared[name], value)
    except UnsaidError:
        return None
    common = ["--ecs-endpoint", call.endpoint, "--region", str(region), "--json"]
    return [verb.name, *said, *common]


def _argument(verb: Verb, values: dict[str, Any]) -> Words:
    if not verb.argument:
        return
    if not values.get(verb.argument):
        raise UnsaidError
    yield str(values.pop(verb.argument))


def _flag(verb: Verb, item: Field, value: Value) -> Words:
    note = item.parameter
    is_scalar = isinstance(value, str | int)
    if not is_scalar or note.unused or note.deprecated or item.wire in verb.unsaid:
        raise UnsaidError
    flag = verb.flags.get(item.wire) or "--" + item.name.replace("_", "-")
    if isinstance(value, bool):
        yield from (flag,) if value else ()
    elif value != "" or not note.empty_is_absent:
        yield from (flag, str(value))


def _tasks(values: dict[str, Any]) -> Words:
    for image_id in values.pop("ResourceIds", ()):
        yield from ("--image", str(image_id))


def _images(values: dict[str, Any]) -> Words:
    yield from str(values.pop("ImageId", "")).replace(",", " ").split()
    # The verb lists images of every status, the API only those that can be used.
    yield from ("--status", str(values.pop("Status", "Available")))


def _import(values: dict[str, Any]) -> Words:
    disks = [dict(disk.members) for disk in values.pop("DiskDeviceMapping", ())]
    if not disks:
        raise UnsaidError
    for position, disk in enumerate(disks):
        yield from (() if position == 0 else ("--disk",))
        yield _address(disk.pop("OSSBucket", ""), disk.pop("OSSObject", ""))
        yield from _of_system_disk(disk, position)
    features = values.pop("Features", None)
    for name, value in features.members.items() if isinstance(features, Struct) else ():
        yield from (_FEATURES[name], str(value))
    for tag in values.pop("Tag", ()):
        yield from ("--tag", f"{tag.members['Key']}={tag.members.get('Value', '')}")
    yield "--no-wait"


def _of_system_disk(disk: Mapping[str, Any], position: int) -> Words:
    if disk and (position > 0 or not disk.keys() <= _DISK.keys()):
        raise UnsaidError
    for name, value in disk.items():
        yield from (_DISK[name], str(value))


def _export(values: dict[str, Any]) -> Words:
    yield _address(values.pop("OSSBucket", ""), values.pop("OSSPrefix", ""))
    yield "--no-wait"


def _address(bucket: Any, key: Any) -> str:
    if not bucket:
        raise UnsaidError
    return f"oss://{bucket}/{key}" if key else f"oss://{bucket}"


_ABOUT_OTHERS = ("ImageFamily", "ImageOwnerAlias", "ImageOwnerId", "Usage", "IsPublic")
_FEATURES = {"NvmeSupport": "--nvme-support", "ImdsSupport": "--imds-support"}
_DISK = {"Format": "--format", "DiskImageSize": "--size", "SHA256": "--sha256"}

VERBS: Mapping[str, Verb] = {
    "DescribeTasks": Verb(
        "tasks",
        flags={"TaskAction": "--action", "TaskStatus": "--status"},
        own=_tasks,
        unsaid=frozenset({"TaskIds"}),
    ),
    "DescribeTaskAttribute": Verb("task", argument="TaskId"),
    "CancelTask": Verb("cancel", argument="TaskId"),
    "PauseTask": Verb("pause", argument="TaskId"),
    "ResumeTask": Verb("resume", argument="TaskId"),
    "DescribeImages": Verb(
        "images",
        flags={"ImageName": "--name"},
        own=_images,
        unsaid=frozenset({"DryRun", *_ABOUT_OTHERS}),
    ),
    "DeleteImage": Verb("delete", argument="ImageId"),
    "ImportImage": Verb("import", flags={"ImageName": "--name"}, own=_import),
    "ExportImage": Verb(
        "export", argument="ImageId", flags={"ImageFormat": "--format"}, own=_export
    ),
}
"""For each action that has a verb, what the verb says of it."""
