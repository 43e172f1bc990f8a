"""The disks of an image that is to be imported: in which order, and what is wrong with one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from imageferry.actions.declaration import Field, Model, fields
from imageferry.actions.errors import ServiceError
from imageferry.actions.import_admission import GIB, DiskDeviceMapping
from imageferry.actions.import_request import ImportImageRequest
from imageferry.console.explorer_form import Check
from imageferry.console.storage import Inspection

OF_DISK = ("Format", "DiskImageSize", "Device")
"""The parameters of a disk that the form asks for; the bucket and the object are known."""

_MAPPING = "DiskDeviceMapping"
_NAMED = re.compile(rf"{_MAPPING}\.(?P<number>\d+)(\.(?P<name>\w+))?")


@dataclass(frozen=True)
class ChosenDisk:
    """An object that becomes a disk of the image.

    Attributes:
        number: 1 for the system disk, 2 and up for data disks.
        found: What the object is.
        without: The address of the form of the other objects; empty where there is none.
    """

    number: int
    found: Inspection
    without: str

    @property
    def prefix(self) -> str:
        """What the names of its parameters begin with."""
        return prefix(self.number)


@dataclass(frozen=True)
class Problem:
    """What is wrong with a value: the code that the API has for it, and a sentence."""

    code: str
    sentence: str


def prefix(number: int) -> str:
    """What the names of a disk's parameters begin with."""
    return f"{_MAPPING}.{number}."


def most_disks() -> int:
    """How many disks an image may have."""
    disks = next(field for field in fields(ImportImageRequest) if field.wire == _MAPPING)
    return disks.parameter.max_items or 1


def chosen(address: str, found: Sequence[Inspection]) -> Sequence[ChosenDisk]:
    """The disks in their order, ``address`` being that of the form of any objects."""
    keys = [one.object.key for one in found]
    return [
        ChosenDisk(number, one, _without(address, keys, one.object.key))
        for number, one in enumerate(found, start=1)
    ]


def filled_in(disks: Sequence[ChosenDisk]) -> dict[str, str]:
    """What was found of each disk, and the device that it gets."""
    values: dict[str, str] = {}
    for disk in disks:
        size = -(-disk.found.virtual_size // GIB)
        device = "/dev/xvd" + chr(ord("a") + disk.number - 1)
        known = (disk.found.format, str(size or ""), device)
        values |= {disk.prefix + name: value for name, value in zip(OF_DISK, known, strict=True)}
    return values


def moved_up(keys: Sequence[str], number: int) -> list[str]:
    """The objects with one of them a place further up."""
    order = list(keys)
    order[number - 2 : number] = reversed(order[number - 2 : number])
    return order


def values_in_order(
    values: Mapping[str, str], before: Sequence[str], after: Sequence[str]
) -> Mapping[str, str]:
    """What was filled in of the objects, in another order; a device belongs to its place."""
    moved = {name: value for name, value in values.items() if _NAMED.match(name) is None}
    for number, key in enumerate(after, start=1):
        for name in OF_DISK:
            source = number if name == "Device" else before.index(key) + 1
            moved[prefix(number) + name] = values.get(prefix(source) + name, "")
    return moved


def problems(values: Mapping[str, str], check: Check) -> Mapping[str, Problem]:
    """What is wrong with values by themselves, by the names of their parameters."""
    found: dict[str, Problem] = {}
    for name, value in values.items():
        field = _field(name)
        sentence = check(field, value) if value else ""
        if sentence:
            malformed = field.parameter.malformed
            found[name] = Problem(
                "" if malformed is None else malformed.code,
                f"{sentence[0].upper()}{sentence[1:]}.",
            )
    return found


def problems_of(error: ServiceError, values: Mapping[str, str]) -> Mapping[str, Problem]:
    """Which of the values an answer of the API speaks of."""
    sentence = f"{error.message} {error.recommend}"
    names = {_name_in_form(match, values) for match in _NAMED.finditer(sentence)}
    own = (field.wire for field in fields(ImportImageRequest))
    names |= {name for name in own if error.code.code.startswith(f"Invalid{name}")}
    return {name: Problem(error.code.code, sentence) for name in names if name in values}


def _name_in_form(match: re.Match[str], values: Mapping[str, str]) -> str:
    """The parameter that is named, or that of the format, where it is the disk as a whole."""
    if match[0] in values:
        return match[0]
    return prefix(int(match["number"])) + OF_DISK[0]


def _field(name: str) -> Field:
    wire = name.rpartition(".")[2]
    model: type[Model] = DiskDeviceMapping if _NAMED.match(name) else ImportImageRequest
    return next(field for field in fields(model) if field.wire == wire)


def _without(address: str, keys: Sequence[str], left_out: str) -> str:
    others = [key for key in keys if key != left_out]
    return form_address(address, others) if others else ""


def form_address(address: str, keys: Sequence[str]) -> str:
    """The address of the form of some objects."""
    return f"{address}?{urlencode(list(_pairs(keys)))}"


def _pairs(keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    for key in keys:
        yield "key", key
