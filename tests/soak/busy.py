"""An installation that is busy: tasks that are met in their midst, and others that wait."""

from __future__ import annotations

import random
import signal
from collections.abc import Mapping
from contextlib import closing

import sqlalchemy as sa

from imageferry.database.connection import Database
from imageferry.tasks.model import Phase
from imageferry.tasks.tables import task_events
from soak import verdict
from soak.load import BUCKET
from soak.verdict import Ended
from support.cluster import Processes
from support.service import ENDED, until

LARGE, SMALL = "large.raw", "small.raw"
SLOW = {"worker_bytes_per_second": 768 << 10}
"""The setting by which a worker takes a minute for a task of the large disk."""

SEEN_SECONDS = 120.0
END_SECONDS = 300.0


def _make_disks() -> Mapping[str, bytes]:
    chance = random.Random(17)
    return {LARGE: chance.randbytes(24 << 20), SMALL: chance.randbytes(3 << 20)}


class Busy:
    """What an installation is asked for.

    Attributes:
        api: Whom it is asked of.
        disks: What is imported, by the keys of the objects.

    Args:
        processes: The installation, of which nothing runs yet. It has an API afterwards, an
            image of each disk, and no worker.
    """

    def __init__(self, processes: Processes) -> None:
        self.api = processes.start_api()
        self.disks = _make_disks()
        self._processes = processes
        self._images: dict[str, str] = {}
        worker = processes.start_worker()
        for key, disk in self.disks.items():
            self.api.put(BUCKET, key, disk)
            self._images[key], task_id = self.api.import_image(BUCKET, key, Description=key)
            assert self.api.wait_for(task_id)["TaskStatus"] == "Finished"
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
        worker.end()
        processes.workers.remove(worker)

    def ask(self, key: str) -> list[str]:
        """Ask for an import of a disk and for an export of its image; the tasks' ids."""
        _, imported = self.api.import_image(BUCKET, key, Description=key)
        exported = self.api.call(
            "ExportImage", ImageId=self._images[key], OSSBucket=BUCKET, ImageFormat="qcow2"
        )
        return [imported, exported["TaskId"]]

    def wait_until_under_way(self, asked: list[str]) -> None:
        """Wait until the transfers of tasks have begun."""
        until(
            lambda: all(self.transfers(task_id) for task_id in asked),
            SEEN_SECONDS,
            "The transfers",
        )

    def transfers(self, task_id: str) -> int:
        """How often a worker has begun, or gone on with, the transfer of a task."""
        begun = sa.select(sa.func.count()).where(
            task_events.c.task_id == task_id,
            task_events.c.event == "phase",
            task_events.c.detail == Phase.TRANSFER.value,
        )
        url = self._processes.machines()[0].resolved_database_url
        with closing(Database(url)) as database, database.read() as connection:
            return connection.execute(begun).scalar_one()

    def judge(self) -> dict[str, Ended]:
        """Wait until all tasks have ended, and make sure that they are right and nothing is left.

        Returns:
            The tasks by their ids.
        """
        until(self._have_all_ended, END_SECONDS, "The end of all tasks")
        return {task.task_id: task for task in verdict.judge(self._processes, self.disks)}

    def _have_all_ended(self) -> bool:
        found = self.api.call("DescribeTasks", PageSize=100)["TaskSet"]["Task"]
        return all(task["TaskStatus"] in ENDED for task in found)
