"""What users ask of an installation in a soak: many small imports, exports, copies and cancels."""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPException
from types import MappingProxyType
from typing import Any

import urllib3

from support.cluster import Processes
from support.service import ENDED, ApiRefusedError, until

BUCKET = "golden"
AT_ONCE = 6
"""Tasks that are under way at most, so that a soak of hours does not pile them up."""

REFUSALS = (ApiRefusedError, urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError)
"""What a client meets while an API is killed or its database away: it asks again later."""

EXPORT_FORMATS = ("raw", "qcow2", "vhd")


def make_disks(chance: random.Random, count: int) -> Mapping[str, bytes]:
    """Raw disks by the keys of their objects: of some MiB, in part zeros, all different."""
    return {
        f"disk-{number}.raw": b"".join(
            chance.randbytes(1 << 20) if chance.random() < 0.7 else bytes(1 << 20)
            for _ in range(chance.randint(1, 6))
        )
        for number in range(count)
    }


class Load:
    """A user of an installation.

    Attributes:
        disks: What is imported.
        spared: Tasks that are not cancelled.

    Args:
        processes: The installation.
        chance: What decides.
        more: Disks besides, by the keys of their objects, which only a test asks for.
    """

    def __init__(
        self,
        processes: Processes,
        chance: random.Random,
        more: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        self.spared: set[str] = set()
        small = make_disks(chance, 4)
        self.disks = {**small, **more}
        self._keys = sorted(small)
        self._processes = processes
        self._chance = chance
        self._imported: list[str] = []
        api = processes.services[0]
        for key, disk in self.disks.items():
            api.put(BUCKET, key, disk)

    def go_on(self) -> None:
        """Ask for something, or do not where enough is under way or nobody answers."""
        with suppress(*REFUSALS):
            if len(self._active()) < AT_ONCE:
                self._chance.choice((self._import, self._import, self._export, self._copy))()
            elif self._chance.random() < 0.3:
                self._cancel()

    def wait(self, seconds: float) -> None:
        """Wait until all tasks have ended.

        Raises:
            TimeoutError: they have not in so many seconds.
        """
        until(self._have_all_ended, seconds, "The end of all tasks")

    def _have_all_ended(self) -> bool:
        try:
            return not self._active() and not self._is_an_image_in_the_making()
        except REFUSALS as refusal:
            print(f"{type(refusal).__name__}: {refusal}")  # noqa: T201 - why it takes so long
            return False

    def _call(self, action: str, **parameters: object) -> dict[str, Any]:
        return self._chance.choice(self._processes.services).call(action, **parameters)

    def _active(self) -> list[str]:
        newest = self._call("DescribeTasks", PageSize=100)["TaskSet"]["Task"]
        return [task["TaskId"] for task in newest if task["TaskStatus"] not in ENDED]

    def _is_an_image_in_the_making(self) -> bool:
        """Whether an image is in the making: of copies no task is told."""
        found = self._call("DescribeImages", Status="Waiting,Creating")
        return bool(found["TotalCount"])

    def _import(self) -> None:
        api = self._chance.choice(self._processes.services)
        key = self._chance.choice(self._keys)
        image_id, _ = api.import_image(BUCKET, key, Description=key)
        self._imported.append(image_id)

    def _export(self) -> None:
        if self._imported:
            self._call(
                "ExportImage",
                ImageId=self._chance.choice(self._imported),
                OSSBucket=BUCKET,
                OSSPrefix=f"exports{self._chance.randrange(1 << 30)}",
                ImageFormat=self._chance.choice(EXPORT_FORMATS),
            )

    def _copy(self) -> None:
        if self._imported:
            self._call("CopyImage", ImageId=self._chance.choice(self._imported))

    def _cancel(self) -> None:
        if own := [task for task in self._active() if task not in self.spared]:
            self._call("CancelTask", TaskId=self._chance.choice(own))
