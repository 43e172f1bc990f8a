"""The service's parts without its processes: actions make tasks, steps carry them out, here."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from imageferry.actions.call import Call, Services
from imageferry.actions.cancel_copy_image import CancelCopyImageRequest, cancel_copy_image
from imageferry.actions.cancel_task import CancelTaskRequest, cancel_task
from imageferry.actions.copy_image import CopyImageRequest, copy_image
from imageferry.actions.delete_image import DeleteImageRequest, delete_image
from imageferry.actions.export_image import ExportImageRequest, export_image
from imageferry.actions.import_admission import DiskDeviceMapping
from imageferry.actions.import_image import import_image
from imageferry.actions.import_request import ImportImageRequest
from imageferry.buckets.folder import FolderStore
from imageferry.buckets.interface import Store
from imageferry.engine import leftovers
from imageferry.engine.context import WorkerContext
from imageferry.engine.leftovers import Leftovers
from imageferry.engine.steps import STEPS, Steps
from imageferry.images.catalogue import discard, open_catalogue
from imageferry.imaging.qemu_img import QemuImg
from imageferry.settings import Settings
from imageferry.tasks.model import Task
from support.rows import REGION, Rows

BUCKET = "golden"


class Ferry:
    """One installation in a folder, with stores in it where none are given.

    Attributes:
        context: What its worker's steps have to work with.
        rows: Its rows.
        bucket: A bucket of the account.
        catalogue: The bucket of the images' disks.
    """

    def __init__(
        self,
        folder: Path,
        rows: Rows,
        *,
        store: Store | None = None,
        image_store: Store | None = None,
        **settings: Any,
    ) -> None:
        self.rows = rows
        store = store or FolderStore(folder / "buckets")
        self.bucket = store.create_bucket(BUCKET, region=REGION, owner=rows.account)
        image_store = image_store or FolderStore(folder / "images")
        self.catalogue = open_catalogue(image_store, REGION)
        self.context = WorkerContext(
            settings=Settings(data_dir=folder, **({"lease_seconds": 60} | settings)),
            database=rows.database,
            store=store,
            image_store=image_store,
            catalogue=self.catalogue,
            scratch=folder / "scratch" / "embedded",
            qemu_img=QemuImg.find(),
        )

    def import_image(
        self, *keys: str, disk_image_size: int | None = None, **parameters: Any
    ) -> tuple[str, str]:
        """Ask for an import of objects; the ids of the image and the task."""
        mappings = tuple(
            DiskDeviceMapping(oss_bucket=BUCKET, oss_object=key, disk_image_size=disk_image_size)
            for key in keys
        )
        request = ImportImageRequest(region_id=REGION, disk_device_mapping=mappings, **parameters)
        reply = import_image(self._call(), request)
        return reply.image_id, reply.task_id

    def export_image(self, image_id: str, image_format: str, compression: str | None = None) -> str:
        """Ask for an export; the id of the task."""
        request = ExportImageRequest(
            region_id=REGION,
            image_id=image_id,
            oss_bucket=BUCKET,
            image_format=image_format,
            compression=compression,
        )
        return export_image(self._call(), request).task_id

    def copy_image(self, image_id: str, region_id: str = REGION) -> tuple[str, str]:
        """Ask for a copy of an image to a region; the ids of the copy and the task."""
        request = CopyImageRequest(
            region_id=REGION, image_id=image_id, destination_region_id=region_id
        )
        copy_id = copy_image(self._call(), request).image_id
        copy = self.rows.find_image(copy_id)
        assert copy is not None
        return copy_id, copy.task_id

    def cancel_copy(self, image_id: str, region_id: str = REGION) -> None:
        """Ask for the end of a copy."""
        request = CancelCopyImageRequest(region_id=region_id, image_id=image_id)
        cancel_copy_image(self._call(), request)

    def delete_image(self, image_id: str) -> None:
        """Ask for an image's end."""
        delete_image(self._call(), DeleteImageRequest(region_id=REGION, image_id=image_id))

    def cancel(self, task_id: str) -> None:
        """Ask for a task's end."""
        cancel_task(self._call(), CancelTaskRequest(region_id=REGION, task_id=task_id))

    def compare_fully(self) -> None:
        """Compare every byte of a result with its source from now on."""
        self.context = replace(self.context, settings=replace(self.context.settings, verify="full"))

    def run(self, task_id: str, hand_over: int = 1) -> Task:
        """Carry a task out as a run of the engine does; the task afterwards."""
        asyncio.run(self._run(task_id, hand_over))
        return self.rows.find(task_id)

    def step(self, task_id: str, name: str) -> bool:
        """Carry one step of a task out, and say whether the next one is to follow."""
        return asyncio.run(Steps(self.context).run(task_id, name))

    def clean_up(self, task_id: str) -> None:
        """Take away what a task has left."""
        asyncio.run(Steps(self.context).clean_up(task_id))

    @property
    def imported(self) -> list[str]:
        """The keys in the catalogue."""
        return [stored.key for stored in self.catalogue.list()]

    @property
    def objects(self) -> list[str]:
        """The keys in the bucket."""
        return [stored.key for stored in self.bucket.list()]

    @property
    def scratch(self) -> list[Path]:
        """Every file in the making."""
        return [path for path in self.context.scratch.rglob("*") if path.is_file()]

    @property
    def leftovers(self) -> Leftovers:
        """What belongs to nobody."""
        return leftovers.find(self.context.database, self.catalogue, self.context.scratch.parent)

    def disk_bytes(self, key: str) -> bytes:
        """What a guest sees of a disk in the catalogue."""
        with self.catalogue.open(key) as reader:
            return guest_bytes(reader.pread(0, reader.size), "qcow2")

    async def _run(self, task_id: str, hand_over: int) -> None:
        steps = Steps(self.context)
        for step in STEPS[self.rows.find(task_id).action]:
            if not await steps.run(task_id, step, hand_over):
                break
        await steps.clean_up(task_id, hand_over)

    def _call(self) -> Call:
        services = Services(
            settings=self.context.settings,
            database=self.context.database,
            store=self.context.store,
            discard=partial(discard, self.catalogue),
            endpoint="127.0.0.1:8080",
            find_oss_endpoint=lambda: "127.0.0.1:8081",
        )
        request_id = "00000000-0000-0000-0000-000000000000"
        return Call(self.rows.account, request_id, services, access_key_id="LTAI")


def guest_bytes(image: bytes, driver: str) -> bytes:
    """What a guest sees of an image, by qemu-img."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "image"), Path(folder, "raw")
        source.write_bytes(image)
        convert = ["qemu-img", "convert", "-f", driver, "-O", "raw", str(source), str(target)]
        subprocess.run(convert, check=True, capture_output=True)
        return target.read_bytes()
