"""What the steps of a worker have to work with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from imageferry.buckets.interface import Bucket, Store
from imageferry.buckets.interruption import Interruption
from imageferry.database.connection import Database
from imageferry.engine.checkpoints import Interval
from imageferry.imaging.qemu_img import QemuImg
from imageferry.settings import Settings

TASK_METADATA = "imageferry-task"
"""The metadata of an object that names the task which made it."""

SHA256_METADATA = "sha256"
"""The metadata of an exported object that gives the SHA-256 of its bytes in hexadecimal digits."""


@dataclass(frozen=True)
class WorkerContext:
    """What is below the steps.

    Attributes:
        settings: How the service is set up.
        database: The tasks and images.
        store: The buckets.
        image_store: What keeps the catalogue.
        catalogue: The bucket that holds the disks of all images.
        scratch: This worker's folder for files in the making.
        qemu_img: The program that converts.
        checkpoint_interval: How often it is noted how far a transfer has come.
    """

    settings: Settings
    database: Database
    store: Store
    image_store: Store
    catalogue: Bucket
    scratch: Path
    qemu_img: QemuImg
    checkpoint_interval: Interval = field(default_factory=Interval)

    @property
    def compares_fully(self) -> bool:
        """Whether every guest byte of a result is compared with the source."""
        return self.settings.verify == "full"

    @property
    def max_virtual_size(self) -> int:
        """The largest virtual size of a disk, in bytes."""
        return self.settings.max_virtual_size_gib * 2**30

    def until(self, interruption: Interruption) -> WorkerContext:
        """This for work whose reads and writes of stores end when they are told to."""
        return replace(
            self,
            store=self.store.until(interruption),
            catalogue=self.catalogue.until(interruption),
        )

    def folder(self, task_id: str) -> Path:
        """The task's folder for this worker's files in the making."""
        path = self.scratch / task_id
        path.mkdir(parents=True, exist_ok=True)
        return path

    def drafts(self, task_id: str) -> Path:
        """The task's folder for what another worker of this machine may go on with."""
        path = self.scratch.parent / "drafts" / task_id
        path.mkdir(parents=True, exist_ok=True)
        return path
