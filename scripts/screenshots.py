"""Make the pictures of the console's documentation, in a real browser on a real service."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from subprocess import run
from typing import Any

import sqlalchemy as sa
from playwright.sync_api import Browser

from imageferry.buckets.folder import FolderStore
from imageferry.database.metadata import now
from imageferry.images.model import ImageStatus
from imageferry.tasks import notes, transitions
from imageferry.tasks.model import DiskStatus, Phase, TaskAction
from imageferry.tasks.notes import DiskBytes
from imageferry.tasks.tables import task_events, task_samples, tasks
from support.browser import chromium, rows_of, visitor
from support.rows import Rows, disk
from support.service import ApiRefusedError, Service, services

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "console"
OWNER = "worker"
GIB = 2**30
BUCKET = "golden-images"
WHOLE = {"task", "image"}
"""The pictures that show all of a page."""


def main() -> None:
    """Make every picture anew."""
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        services(Path(folder)) as start,
        chromium() as browser,
    ):
        service = start("--no-worker")
        rows = rows_of(service)
        running = _fill(rows)
        desk = {"viewport": {"width": 1280, "height": 800}}
        phone = {"viewport": {"width": 390, "height": 800}, "locale": "zh-CN"}
        _take(browser, service, "sign-in", "sign-in", desk, member=False)
        _take(browser, service, "tasks", "tasks", desk)
        _take(browser, service, f"tasks/{running}", "task", desk)
        _take(browser, service, "tasks", "phone", phone | {"color_scheme": "dark"})
        image = _fill_catalogue(rows)
        _fill_bucket(service)
        _take(browser, service, "images", "images", desk)
        _take(browser, service, f"images/{image}", "image", desk)
        _take(browser, service, "buckets", "buckets", desk)
        _take(browser, service, f"buckets/{BUCKET}?prefix=nightly/", "bucket", desk)
        object_page = f"buckets/{BUCKET}/import?key=nightly/debian-13.qcow2"
        _take(browser, service, object_page, "import", desk)
        _take(browser, service, "explorer", "actions", desk)
        _take(browser, service, "explorer/ecs/DescribeImages", "explorer", desk)
        with suppress(ApiRefusedError):
            service.call("ImportImage", RegionId="cn-hangzhou", Platform="Debian 13")
        _take(browser, service, "errors", "errors", desk)
        _take(browser, service, "errors/codes/InvalidImageName.Malformed", "error", desk)


def _take(
    browser: Browser,
    service: Service,
    path: str,
    name: str,
    options: dict[str, Any],
    *,
    member: bool = True,
) -> None:
    with visitor(browser, service, **options) as somebody:
        if member:
            somebody.sign_in()
        somebody.open(path)
        somebody.page.screenshot(path=FOLDER / f"{name}.png", full_page=name in WHOLE)


def _fill(rows: Rows) -> str:
    """Let there be tasks of every kind; returns a running one."""
    names = ("debian-13-golden", "windows-2022-build-41", "alpine-edge", "rhel-9.4-hardened")
    for name in names[:2]:
        _end(rows, _task(rows, name, started=140), None)
    failed = _task(rows, names[2], started=95)
    _end(rows, failed, ("InvalidImageFormat.BackingFile", "disk.qcow2 names base.qcow2."))
    cancelled = _task(rows, names[3], started=60, claimed=False)
    rows.change(transitions.cancel, cancelled, "Cancelled.", reason="The wrong disk was uploaded")
    export = _task(rows, "debian-13-golden", started=4, action=TaskAction.EXPORT_IMAGE)
    _advance(rows, export, 2 * GIB, 11 * GIB, 96 * 2**20)
    running = _task(rows, "ubuntu-24.04-gpu", started=2)
    _advance(rows, running, 23 * GIB, 40 * GIB, 187 * 2**20)
    _add_samples(rows, running)
    _say(rows, running)
    paused = _task(rows, "rocky-10-minimal", started=31)
    _advance(rows, paused, 3 * GIB, 8 * GIB, 0)
    rows.change(transitions.pause, paused, "Paused.", reason="Backups need the network until six")
    for name in ("fedora-43", "opensuse-leap-16"):
        _task(rows, name, started=1, claimed=False)
    return running


def _say(rows: Rows, task_id: str) -> None:
    """Let a worker have said what it does with a task, and how far its disk is."""
    said = (
        ("task_taken_up", '{"action": "ImportImage", "attempt": 1}'),
        ("phase_begun", '{"phase": "transfer", "step": "transfer"}'),
    )
    lines = [
        {"time": now(), "level": "info", "event": event, "detail": detail} for event, detail in said
    ]
    rows.change(notes.append_lines, task_id, lines)
    rows.change(notes.record_disks, task_id, {1: DiskBytes(23 * GIB, 40 * GIB)})


def _fill_catalogue(rows: Rows) -> str:
    """Let there be images, one of them in the making; returns one that has been used."""
    made = rows.claimed(OWNER, request={"ImageName": "ubuntu-24.04-gpu"})
    _advance(rows, made, 23 * GIB, 40 * GIB, 187 * 2**20)
    _image(rows, "ubuntu-24.04-gpu", 1, status=ImageStatus.CREATING, task_id=made)
    _image(rows, "windows-2022-build-41", 200, os_type="windows", platform="Windows Server 2022")
    tags = {"team": "platform", "built-by": "ci"}
    image = _image(rows, "debian-13-golden", 140, tags=tags, boot_mode="UEFI")
    _image(rows, "debian-13-golden-beijing", 90, copied_from=image, region_id="cn-beijing")
    items = [("OSSBucket", BUCKET), ("OSSObject", "nightly/debian-13.qcow2")]
    _end(rows, rows.claimed(OWNER, resource_id=image, disks=[items]), None)
    items = [("OSSBucket", "for-customers"), ("OSSObject", f"{image}_system.vmdk")]
    _end(
        rows,
        rows.claimed(OWNER, resource_id=image, action=TaskAction.EXPORT_IMAGE, disks=[items]),
        None,
    )
    return image


def _image(rows: Rows, name: str, minutes: int, **values: Any) -> str:
    """Add an image that was made so many minutes ago."""
    system = disk(
        source_bucket=BUCKET,
        source_object=f"nightly/{name}.qcow2",
        source_etag="9F86D081884C7D659A2FEAA0C55AD015-41",
        source_format="QCOW2",
        source_size=2 * GIB,
        source_sha256=hashlib.sha256(name.encode()).hexdigest(),
        content_hash=hashlib.sha256(name[1:].encode()).hexdigest(),
        size_gib=40,
        virtual_size=40 * GIB,
        stored_size=3 * GIB,
    )
    created = now() - timedelta(minutes=minutes)
    known = {"name": name, "created": created, "status": ImageStatus.AVAILABLE}
    return rows.image(system, **(known | values))


def _fill_bucket(service: Service) -> None:
    """Let there be objects, one of them a disk image, and an upload that was interrupted."""
    service.make_bucket(BUCKET)
    bucket = FolderStore(service.data_dir / "buckets").bucket(BUCKET)
    for name, size in (("alpine.vhdx", 41), ("fedora-43.raw", 64), ("rhel-9.4.ova", 57)):
        bucket.put(f"nightly/{name}", [bytes(size * 2**20)])
    bucket.put("nightly/archive/2026-11-01.qcow2", [b"old"])
    image = service.data_dir / "debian-13.qcow2"
    run(["qemu-img", "create", "-q", "-f", "qcow2", image, str(40 * GIB)], check=True)
    bucket.put("nightly/debian-13.qcow2", [image.read_bytes()])
    bucket.start_upload("nightly/windows-2025.vhdx")


def _task(
    rows: Rows,
    name: str,
    *,
    started: int,
    claimed: bool = True,
    action: TaskAction = TaskAction.IMPORT_IMAGE,
) -> str:
    """Add a task that was made so many minutes ago."""
    items = [("OSSBucket", "golden-images"), ("OSSObject", f"{name}.qcow2")]
    known = [*items, ("ImageFormat", "QCOW2"), ("VirtualSize", str(40 * GIB))]
    request = _export(name) if action is TaskAction.EXPORT_IMAGE else _import(name, dict(items))
    task_id = rows.task(action, request=request, disks=[known], resource_id=_image_id(name))
    made = now() - timedelta(minutes=started)
    rows.change(
        sa.Connection.execute, sa.update(tasks).filter_by(task_id=task_id).values(created=made)
    )
    if claimed:
        rows.change(transitions.claim, task_id, OWNER)
        rows.change(transitions.enter_phase, task_id, OWNER, Phase.TRANSFER)
    events = sa.update(task_events).filter_by(task_id=task_id)
    rows.change(sa.Connection.execute, events.values(time=made + timedelta(seconds=1)))
    return task_id


def _import(name: str, disk: dict[str, str]) -> dict[str, Any]:
    """What an import keeps of its request."""
    return {"RegionId": "cn-hangzhou", "ImageName": name, "DiskDeviceMapping": [disk]}


def _export(name: str) -> dict[str, Any]:
    """What an export keeps of its request."""
    objects = [f"nightly_{_image_id(name)}_system.qcow2"]
    return {"OSSBucket": "golden-images", "Layout": "qcow2", "Objects": objects}


def _image_id(name: str) -> str:
    return "m-" + (name.replace("-", "").replace(".", "") * 3)[:20]


def _end(rows: Rows, task_id: str, failure: tuple[str, str] | None) -> None:
    if failure:
        rows.change(transitions.fail, task_id, *failure, owner=OWNER)
    else:
        rows.change(transitions.record_disk, task_id, 1, OWNER, status=DiskStatus.SUCCESS)
        rows.change(transitions.finish, task_id, OWNER)
    row = sa.update(tasks).filter_by(task_id=task_id)
    ended = row.values(finished=tasks.c.created + sa.literal(96_000_000, sa.BigInteger))
    rows.change(sa.Connection.execute, ended)


def _advance(rows: Rows, task_id: str, done: int, total: int, rate: int) -> None:
    rows.change(
        transitions.record_progress,
        task_id,
        OWNER,
        phase=Phase.TRANSFER,
        percent=done * 90 // total,
        bytes_done=done,
        bytes_total=total,
        bytes_per_second=rate,
    )


def _add_samples(rows: Rows, task_id: str) -> None:
    rows.change(sa.Connection.execute, sa.delete(task_samples).filter_by(task_id=task_id))
    begin = now() - timedelta(seconds=120)
    shape = (40, 120, 170, 181, 190, 186, 188, 175, 120, 98, 150, 182, 189, 191, 187, 186, 190, 188)
    values = [
        {
            "task_id": task_id,
            "time": begin + timedelta(seconds=7 * number),
            "bytes_per_second": rate * 2**20,
        }
        for number, rate in enumerate(shape)
    ]
    rows.change(sa.Connection.execute, sa.insert(task_samples), values)


if __name__ == "__main__":
    main()
