"""The disks of a task, several at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from imageferry.imaging.threads import uninterrupted

AT_ONCE = 2
"""Disks of one task that are moved at a time: one that waits for its store leaves the processors
to the other, and both fit into the memory of a slot."""

_Disk = TypeVar("_Disk")


async def for_each(disks: Sequence[_Disk], work: Callable[[_Disk], Awaitable[None]]) -> None:
    """Do the work of every disk; when one fails, end the others and raise."""
    free = asyncio.Semaphore(AT_ONCE)

    async def run(disk: _Disk) -> None:
        async with free:
            await work(disk)

    running = [asyncio.create_task(run(disk)) for disk in disks]
    try:
        await asyncio.gather(*running)
    finally:
        for task in running:
            task.cancel()
        await uninterrupted(asyncio.gather(*running, return_exceptions=True))
