"""What takes time of publishing: the files of a task go to the store, where nobody sees them yet.

It comes before the transaction that ends the task, which then only has to give
them their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from imageferry.buckets.interface import Bucket, StagedObject
from imageferry.engine.ownership import Ownership
from imageferry.imaging.threads import StopSignal, in_thread
from imageferry.tasks.model import Phase


@dataclass(frozen=True)
class FileToPublish:
    """A file of a task that is to become an object.

    Attributes:
        position: The disk that it belongs to.
        path: Where it is.
        key: The object's key.
        metadata: The object's user metadata.
    """

    position: int
    path: Path
    key: str
    metadata: Mapping[str, str]


async def stage(
    bucket: Bucket, files: Sequence[FileToPublish], ownership: Ownership
) -> list[StagedObject]:
    """Stage files under the task's id, in place of what an earlier attempt has staged."""
    ownership.meter.enter(Phase.PUBLISH, sum(file.path.stat().st_size for file in files))
    return await in_thread(partial(_stage, bucket, files, ownership))


def _stage(
    bucket: Bucket, files: Sequence[FileToPublish], ownership: Ownership, stop: StopSignal
) -> list[StagedObject]:
    token = ownership.task.task_id
    bucket.discard_staged(token)

    def advance(position: int, done: int) -> None:
        stop.check()
        ownership.meter.advance(position, done)

    return [
        bucket.stage(
            file.key,
            file.path,
            token=token,
            metadata=file.metadata,
            progress=partial(advance, file.position),
        )
        for file in files
    ]
