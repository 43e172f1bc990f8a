"""Imports whose worker dies, or loses its task, in the middle: the next one goes on from there."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from imageferry.buckets.folder_reader import FileReader
from imageferry.buckets.open import open_buckets, open_images
from imageferry.buckets.remote_reader import RemoteReader
from imageferry.engine.checkpoints import Saved
from imageferry.imaging import sha256
from imageferry.settings import Settings
from imageferry.tasks import checkpoints, hand_overs, transitions
from imageferry.tasks.model import Task, TaskStatus
from imageferry.tasks.tables import task_checkpoints
from support.dying_worker import INTERVAL, LEAST_DATA, dying_worker
from support.ferry import Ferry
from support.rows import ON_POSTGRESQL, Rows
from support.seaweedfs import REGION, S3Server
from support.service import until

MIB = 1 << 20
KEY = "system.raw"
DISK = random.Random(6).randbytes(12 * MIB) + bytes(4 * MIB) + random.Random(7).randbytes(24 * MIB)
AFTER = 20 * MIB
"""What of the disk a worker reads before it dies."""


@pytest.fixture
def on_s3(tmp_path: Path, rows: Rows, seaweedfs: S3Server) -> Ferry:
    """An installation that has everything in S3, and that another process can open."""
    options = f"region={REGION}&endpoint={seaweedfs.endpoint}&path_style=true"
    bucket = seaweedfs.make_bucket()
    settings: dict[str, Any] = {
        "buckets_url": f"s3://{bucket}/buckets?{options}",
        "images_url": f"s3://{bucket}/images?{options}",
        "s3_access_key_id": seaweedfs.access_key_id,
        "s3_access_key_secret": seaweedfs.access_key_secret,
    }
    opened = Settings(**settings)
    store, image_store = open_buckets(opened), open_images(opened)
    return Ferry(tmp_path / "data", rows, store=store, image_store=image_store, **settings)


def begun(ferry: Ferry) -> str:
    """Ask for the import of the disk; the task."""
    ferry.context = replace(ferry.context, checkpoint_interval=INTERVAL)
    ferry.bucket.put(KEY, [DISK])
    return ferry.import_image(KEY)[1]


def saved(ferry: Ferry, task_id: str) -> Saved | None:
    """The checkpoint of the task's disk."""
    with ferry.context.database.read() as connection:
        state = checkpoints.of(connection, task_id).get(1)
    return None if state is None else Saved.decoded(state)


def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Where data is read from now on."""
    places: list[int] = []
    for kind in (FileReader, RemoteReader):
        pread: Any = kind.pread

        def read(reader: Any, offset: int, length: int, pread: Any = pread) -> bytes:
            if reader.info.key == KEY and length >= LEAST_DATA:
                places.append(offset)
            data: bytes = pread(reader, offset, length)
            return data

        monkeypatch.setattr(kind, "pread", read)
    return places


def kill_in_the_middle(ferry: Ferry, task_id: str, begun: int = 0) -> Saved:
    """Kill a worker once it has noted some of what it could read; what it noted."""
    with dying_worker(ferry, task_id, after=AFTER) as worker:
        least = begun + INTERVAL.length

        def far_enough() -> Saved | None:
            found = saved(ferry, task_id)
            return found if found is not None and found.checkpoint.offset >= least else None

        until(far_enough, 120, "A checkpoint")
        worker.kill()
        worker.wait(60)
    left = saved(ferry, task_id)
    assert left is not None
    return left


def lose_in_the_middle(ferry: Ferry, task_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let another worker take the task when some of it was noted, and die at once."""
    with in_the_middle(
        ferry,
        task_id,
        monkeypatch,
        lambda: ferry.rows.change(transitions.claim, task_id, "thief"),
    ):
        assert not ferry.step(task_id, "transfer")
    ferry.rows.change(transitions.let_go, task_id, "thief")


@contextmanager
def in_the_middle(
    ferry: Ferry, task_id: str, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], bool]
) -> Iterator[None]:
    """Let something happen when some of a transfer was noted, and more of it is read."""
    pread: Any = FileReader.pread
    taken, lock = threading.Event(), threading.Lock()

    def read(reader: FileReader, offset: int, length: int) -> bytes:
        with lock:
            if offset >= 24 * MIB and length >= LEAST_DATA and not taken.is_set():
                until(lambda: saved(ferry, task_id), 60, "A checkpoint")
                assert happens()
                taken.set()
        data: bytes = pread(reader, offset, length)
        return data

    with monkeypatch.context() as patch:
        patch.setattr(FileReader, "pread", read)
        yield
    assert taken.is_set()


def check_imported(ferry: Ferry, task: Task) -> None:
    """Make sure that the image is the disk, and that nothing else is left."""
    assert task.status is TaskStatus.FINISHED, task
    (key,) = ferry.imported
    assert ferry.disk_bytes(key) == DISK
    check_nothing_left(ferry, task.task_id)


def check_nothing_left(ferry: Ferry, task_id: str) -> None:
    folder = ferry.context.scratch.parent
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert ferry.catalogue.uploads() == []
    assert not ferry.leftovers
    with ferry.context.database.read() as connection:
        assert checkpoints.of(connection, task_id) == {}


def continued(ferry: Ferry, task_id: str) -> list[str]:
    """How the task's transfers went on."""
    return [event.detail for event in ferry.rows.events(task_id) if event.event == "continued"]


def test_a_killed_worker_is_gone_on_for(ferry: Ferry, monkeypatch: pytest.MonkeyPatch) -> None:
    check_killed_and_gone_on(ferry, monkeypatch)


@ON_POSTGRESQL
def test_a_killed_worker_is_gone_on_for_with_nothing_on_its_machine(
    on_s3: Ferry, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_killed_and_gone_on(on_s3, monkeypatch)


def check_killed_and_gone_on(ferry: Ferry, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = begun(ferry)
    first = kill_in_the_middle(ferry, task_id)
    second = kill_in_the_middle(ferry, task_id, first.checkpoint.offset)
    assert second.draft_id == first.draft_id
    places = reads(monkeypatch)

    task = ferry.run(task_id)

    offset = second.checkpoint.offset
    assert min(places) >= min(offset, second.checkpoint.source.hashed)
    assert sorted(places) == sorted(set(places))
    assert continued(ferry, task_id) == [
        f"disk 1 from byte {left.checkpoint.offset}" for left in (first, second)
    ]
    check_imported(ferry, task)
    items = dict(ferry.rows.disks(task_id)[0].related_items)
    assert items["ContinuedFrom"] == str(offset)
    assert items["BytesRead"] == str(len(DISK))


def test_a_paused_import_is_gone_on_with(ferry: Ferry, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = begun(ferry)

    def pause() -> bool:
        paused: bool = ferry.rows.change(transitions.pause, task_id, "Paused.")
        return paused

    with in_the_middle(ferry, task_id, monkeypatch, pause):
        assert ferry.run(task_id).status is TaskStatus.PAUSED
    left = saved(ferry, task_id)
    assert left is not None
    ferry.rows.change(transitions.resume, task_id, "Resumed.")
    ferry.rows.change(hand_overs.again, task_id)

    task = ferry.run(task_id, hand_over=2)

    assert continued(ferry, task_id) == [f"disk 1 from byte {left.checkpoint.offset}"]
    check_imported(ferry, task)


def test_progress_does_not_go_back(ferry: Ferry, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = begun(ferry)
    lose_in_the_middle(ferry, task_id, monkeypatch)
    before = ferry.rows.find(task_id)
    seen: list[tuple[int, int]] = []
    record = transitions.record_progress

    def recorded(connection: sa.Connection, task_id: str, owner: str, **values: Any) -> bool:
        seen.append((values["percent"], values["bytes_done"]))
        return record(connection, task_id, owner, **values)

    monkeypatch.setattr(transitions, "record_progress", recorded)
    check_imported(ferry, ferry.run(task_id))
    assert all(one >= before.percent and two >= before.bytes_done for one, two in seen)


def test_an_object_that_has_changed_since_fails_the_task(
    ferry: Ferry, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = begun(ferry)
    lose_in_the_middle(ferry, task_id, monkeypatch)
    ferry.bucket.put(KEY, [DISK[::-1]])

    task = ferry.run(task_id)

    assert (task.status, task.error_code) == (TaskStatus.FAILED, "InvalidOSSObject.Changed")
    assert ferry.imported == []
    check_nothing_left(ferry, task_id)


def damage_the_checkpoint(ferry: Ferry, _saved: Saved, _patch: pytest.MonkeyPatch) -> None:
    ferry.rows.change(sa.Connection.execute, sa.update(task_checkpoints).values(state=b"damaged"))


def make_it_another_version(ferry: Ferry, saved: Saved, _patch: pytest.MonkeyPatch) -> None:
    state = Saved(**{**_fields(saved), "version": 0}).encoded()
    ferry.rows.change(sa.Connection.execute, sa.update(task_checkpoints).values(state=state))


def make_it_another_source(ferry: Ferry, saved: Saved, _patch: pytest.MonkeyPatch) -> None:
    state = Saved(**{**_fields(saved), "source": "another"}).encoded()
    ferry.rows.change(sa.Connection.execute, sa.update(task_checkpoints).values(state=state))


def take_the_draft_away(ferry: Ferry, _saved: Saved, _patch: pytest.MonkeyPatch) -> None:
    for path in ferry.context.scratch.parent.glob("drafts/*/*"):
        path.unlink()


def cut_the_draft_short(ferry: Ferry, saved: Saved, _patch: pytest.MonkeyPatch) -> None:
    for path in ferry.context.scratch.parent.glob("drafts/*/*"):
        with path.open("ab") as file:
            file.truncate(saved.end - 1)


def run_where_hashes_have_no_state(_ferry: Ferry, _saved: Saved, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sha256, "_functions", lambda: None)
    sha256.has_state.cache_clear()


def _fields(saved: Saved) -> dict[str, Any]:
    return {name: getattr(saved, name) for name in saved.__struct_fields__}


@pytest.mark.parametrize(
    "harm",
    [
        damage_the_checkpoint,
        make_it_another_version,
        make_it_another_source,
        take_the_draft_away,
        cut_the_draft_short,
        run_where_hashes_have_no_state,
    ],
)
def test_what_cannot_be_gone_on_with_begins_anew(
    ferry: Ferry,
    monkeypatch: pytest.MonkeyPatch,
    harm: Callable[[Ferry, Saved, pytest.MonkeyPatch], None],
) -> None:
    task_id = begun(ferry)
    lose_in_the_middle(ferry, task_id, monkeypatch)
    left = saved(ferry, task_id)
    assert left is not None

    try:
        with monkeypatch.context() as patch:
            harm(ferry, left, patch)
            task = ferry.run(task_id)
    finally:
        sha256.has_state.cache_clear()

    assert continued(ferry, task_id) == []
    check_imported(ferry, task)


def test_a_task_that_is_cancelled_after_its_worker_died_leaves_nothing(ferry: Ferry) -> None:
    task_id = begun(ferry)
    kill_in_the_middle(ferry, task_id)
    ferry.cancel(task_id)

    ferry.run(task_id)

    assert ferry.imported == []
    check_nothing_left(ferry, task_id)


def test_what_an_interrupted_task_has_made_is_no_leftover(ferry: Ferry) -> None:
    task_id = begun(ferry)
    kill_in_the_middle(ferry, task_id)

    assert not ferry.leftovers
    assert list(ferry.context.scratch.parent.glob("drafts/*/*")) != []
