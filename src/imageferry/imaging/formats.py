"""The disk image formats, and what each is called by whom.

ECS, qemu and file names have different words for the same format: what ECS calls
``VHD`` is ``vpc`` to qemu. Nothing else in the house may guess at these words.
"""

from __future__ import annotations

from enum import Enum
from typing import Self


class Format(Enum):
    """A format that disk images are read or written in.

    Attributes:
        ecs_name: The word of the ECS API.
        driver: The name of qemu's block driver.
        suffix: The end of a file's name, with the dot.
    """

    RAW = ("RAW", "raw", ".raw")
    VHD = ("VHD", "vpc", ".vhd")
    QCOW2 = ("QCOW2", "qcow2", ".qcow2")
    VMDK = ("VMDK", "vmdk", ".vmdk")
    VHDX = ("VHDX", "vhdx", ".vhdx")
    VDI = ("VDI", "vdi", ".vdi")

    ecs_name: str
    driver: str
    suffix: str

    def __new__(cls, ecs_name: str, driver: str, suffix: str) -> Self:
        """Make a member whose value is ECS's word."""
        member = object.__new__(cls)
        member._value_ = ecs_name
        member.ecs_name = ecs_name
        member.driver = driver
        member.suffix = suffix
        return member

    @classmethod
    def from_ecs(cls, name: str) -> Self:
        """The format that ECS calls ``name``, in any letter case.

        Raises:
            ValueError: ECS has no such word.
        """
        for member in cls:
            if member.ecs_name == name.upper():
                return member
        raise ValueError(f"{name!r} is none of {', '.join(member.ecs_name for member in cls)}")
