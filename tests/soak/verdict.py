"""What has to be so after a soak, whatever went wrong in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg.rows import dict_row

from imageferry import settings
from imageferry.service import diagnosis
from imageferry.service.diagnosis import State
from imageferry.settings import Settings
from soak.chaos import programs
from soak.load import BUCKET
from support.cluster import Cluster
from support.ferry import guest_bytes
from support.service import ENDED, environment, until

CLEAN_SECONDS = 400.0
"""Within it a clean-up that failed is tried again."""


@dataclass(frozen=True)
class Ended:
    """A task that has ended.

    Attributes:
        task_id, action, status: The task.
        image_id: The image that it made or exported.
        objects: What it exported the image's disks to.
        error_code, error_message: Why it failed.
        finishes: How often it was finished.
    """

    task_id: str
    action: str
    status: str
    image_id: str
    objects: tuple[str, ...]
    error_code: str
    error_message: str
    finishes: int


def judge(cluster: Cluster, disks: Mapping[str, bytes]) -> Counter[tuple[str, str]]:
    """Make sure that every task has ended as it says, and that nothing is left.

    Returns:
        How many tasks there were of each action and status.
    """
    tasks = _tasks(cluster)
    for task in tasks:
        _check_end(task)
    _check_left_nothing(cluster)
    sources = _sources(cluster)
    _check_images(cluster, tasks, sources, disks)
    _check_exports(cluster, tasks, sources, disks)
    return Counter((task.action, task.status) for task in tasks)


def _check_end(task: Ended) -> None:
    assert task.status in ENDED, task
    assert task.finishes == (task.status == "Finished"), task
    if task.status == "Failed":
        assert task.error_code not in {"", "InternalError"}, task
        assert task.error_message, task


def _check_left_nothing(cluster: Cluster) -> None:
    until(lambda: not _findings(cluster), CLEAN_SECONDS, f"The clean-up: {_findings(cluster)}")
    for machine in _settings(cluster):
        assert diagnosis.repair(machine) == 0
    assert programs(cluster) == []
    assert cluster.server.uploads(cluster.bucket) == []


def _findings(cluster: Cluster) -> list[str]:
    """What the doctor says of every machine."""
    return [
        check.finding
        for machine in _settings(cluster)
        for check in diagnosis.checks(machine)
        if check.name in {"leftovers", "tasks", "workers"} and check.state is not State.OK
    ]


def _check_images(
    cluster: Cluster,
    tasks: list[Ended],
    sources: Mapping[str, str],
    disks: Mapping[str, bytes],
) -> None:
    made = {
        task.image_id
        for task in tasks
        if task.action != "ExportImage" and task.status == "Finished"
    }
    prefix = "images/catalogue/"
    stored = cluster.server.keys(cluster.bucket, prefix)
    assert sorted(stored) == sorted(f"{prefix}{image_id}-system.qcow2" for image_id in made)
    for image_id in made:
        assert guest_bytes(cluster.stored(image_id), "qcow2") == disks[sources[image_id]], image_id


def _check_exports(
    cluster: Cluster,
    tasks: list[Ended],
    sources: Mapping[str, str],
    disks: Mapping[str, bytes],
) -> None:
    made = {
        key: task.image_id
        for task in tasks
        if task.action == "ExportImage" and task.status == "Finished"
        for key in task.objects
    }
    prefix = f"buckets/{BUCKET}/"
    stored = {key.removeprefix(prefix) for key in cluster.server.keys(cluster.bucket, prefix)}
    assert stored == made.keys() | disks.keys()
    for key, image_id in made.items():
        if key.endswith(".qcow2"):
            reply = cluster.server.client.get_object(Bucket=cluster.bucket, Key=prefix + key)
            assert guest_bytes(reply["Body"].read(), "qcow2") == disks[sources[image_id]], key


def _sources(cluster: Cluster) -> Mapping[str, str]:
    """For each image the key of the disk that it was made of, its copies included."""
    with psycopg.connect(cluster.database_url, row_factory=dict_row) as connection:
        rows = connection.execute("SELECT image_id, description, copied_from FROM images")
        images = {row["image_id"]: row for row in rows}
    return {
        image_id: images[row["copied_from"] or image_id]["description"]
        for image_id, row in images.items()
        if not row["copied_from"] or row["copied_from"] in images
    }


def _tasks(cluster: Cluster) -> list[Ended]:
    with psycopg.connect(cluster.database_url, row_factory=dict_row) as connection:
        rows = connection.execute(
            "SELECT task_id, action, status, resource_id, request, error_code, error_message,"
            " (SELECT count(*) FROM task_events e"
            "  WHERE e.task_id = t.task_id AND e.event = 'finished') AS finishes FROM tasks t"
        ).fetchall()
    return [
        Ended(
            task_id=row["task_id"],
            action=row["action"],
            status=row["status"],
            image_id=row["resource_id"],
            objects=tuple(row["request"].get("Objects", ())),
            error_code=row["error_code"],
            error_message=row["error_message"],
            finishes=row["finishes"],
        )
        for row in rows
    ]


def _settings(cluster: Cluster) -> list[Settings]:
    """How each machine is set up: they differ by their data folders."""
    folders = sorted(path for path in cluster.folder.iterdir() if path.is_dir())
    return [settings.load(environment(folder, cluster.settings)) for folder in folders]
