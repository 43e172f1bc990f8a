"""The request that started a task, as parameters on the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from imageferry.actions.export_image import EXPORT_IMAGE
from imageferry.actions.export_layouts import LAYOUTS
from imageferry.actions.import_image import IMPORT_IMAGE
from imageferry.console.interface import Task

_OF_ONE_CALL = frozenset({"ClientToken", "DryRun"})
"""Parameters that belong to one call, and not to what it asks for."""


def same_request(task: Task) -> tuple[str, Mapping[str, str]]:
    """The action and the parameters that start a task like this one."""
    if task.action == EXPORT_IMAGE.name:
        return EXPORT_IMAGE.name, _export(task)
    wire = {name: value for name, value in task.request.items() if name not in _OF_ONE_CALL}
    return IMPORT_IMAGE.name, dict(_flattened(wire, ""))


def _export(task: Task) -> Mapping[str, str]:
    """An export keeps which layout it writes, and to which objects."""
    parameters = {
        "RegionId": task.region_id,
        "ImageId": task.resource_id,
        "OSSBucket": str(task.request["OSSBucket"]),
    }
    for image_format, layouts in LAYOUTS.items():
        for compression, layout in layouts.items():
            if layout.name == task.request["Layout"]:
                parameters |= {"ImageFormat": image_format, "Compression": compression}
    prefix, separator, _ = str(task.request["Objects"][0]).partition(f"_{task.resource_id}_")
    return parameters | {"OSSPrefix": prefix} if separator else parameters


def _flattened(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _flattened(member, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from _flattened(item, f"{name}.{number}")
    elif isinstance(value, bool):
        yield name, str(value).lower()
    elif value != "":
        yield name, str(value)
