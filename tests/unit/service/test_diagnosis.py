from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from imageferry.engine.presence import Presence
from imageferry.engine.queue import TaskQueue
from imageferry.images.model import ImageStatus
from imageferry.service import diagnosis
from imageferry.service.diagnosis import GIB, Check, State
from imageferry.service.installation import first_key, open_installation
from imageferry.settings import Settings
from imageferry.tasks import transitions
from imageferry.tasks.model import TaskAction
from support.postgresql import PostgreSQLServer
from support.rows import Rows, disk
from support.seaweedfs import REGION, S3Server


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of an installation that is there and healthy."""
    settings = Settings(data_dir=tmp_path / "data")
    open_installation(settings).database.close()
    return settings


def found(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in diagnosis.checks(settings)}


def test_a_healthy_installation_passes(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "free_space", lambda _settings: 100 * GIB)

    checks = found(settings)

    assert list(checks) == [
        "qemu-img",
        "data folder",
        "privacy",
        "free space",
        "database",
        "images",
        "leftovers",
        "tasks",
    ]
    assert {check.state for check in checks.values()} == {State.OK}
    assert not any(check.remedy for check in checks.values())


def test_nothing_is_made_where_nothing_is(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "none")

    checks = found(settings)

    assert checks["data folder"].state is State.WARNING
    assert "imageferry serve" in checks["data folder"].remedy
    assert not settings.data_dir.exists()


def test_an_empty_folder_has_no_database_yet(tmp_path: Path) -> None:
    checks = found(Settings(data_dir=tmp_path))

    assert checks["database"].state is State.WARNING
    assert "leftovers" not in checks
    assert list(tmp_path.iterdir()) == []


def test_a_missing_qemu_img_fails_with_what_to_install(settings: Settings) -> None:
    check = found(replace(settings, qemu_img="/no/such/qemu-img"))["qemu-img"]

    assert check.state is State.FAILED
    assert "apt-get install qemu-utils" in check.remedy


def test_a_folder_that_cannot_be_written_to_fails(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    # Tests may run as root, whom permissions do not stop.
    monkeypatch.setattr("imageferry.service.diagnosis.tempfile.TemporaryFile", refuse)

    check = found(settings)["data folder"]

    assert check.state is State.FAILED
    assert "Permission denied" in check.finding


def test_a_folder_that_others_can_look_into_is_warned_of(settings: Settings) -> None:
    settings.data_dir.chmod(0o755)

    check = found(settings)["privacy"]

    assert (check.state, check.remedy) == (State.WARNING, f"chmod 700 {settings.data_dir}")


@pytest.mark.parametrize(
    ("free", "state"), [(20 * GIB, State.OK), (2 * GIB, State.WARNING), (GIB - 1, State.FAILED)]
)
def test_little_space_is_warned_of_before_it_fails(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, free: int, state: State
) -> None:
    monkeypatch.setattr(diagnosis, "free_space", lambda _settings: free)

    assert found(settings)["free space"].state is state


def test_a_damaged_database_fails(settings: Settings) -> None:
    for path in settings.data_dir.glob("imageferry.db*"):
        path.unlink()
    (settings.data_dir / "imageferry.db").write_bytes(b"this is no database" * 100)

    check = found(settings)["database"]

    assert check.state is State.FAILED
    assert "not a database" in check.finding


@pytest.mark.parametrize(
    ("version", "state", "remedy"),
    [("0001", State.WARNING, "imageferry serve"), ("9999", State.FAILED, "Install the newer")],
)
def test_a_database_of_another_version_is_told(
    settings: Settings, version: str, state: State, remedy: str
) -> None:
    with sqlite3.connect(settings.data_dir / "imageferry.db") as connection:
        connection.execute(f"UPDATE alembic_version SET version_num = '{version}'")
    connection.close()

    checks = found(settings)

    assert checks["database"].state is state
    assert remedy in checks["database"].remedy
    assert "leftovers" not in checks


def test_an_image_without_its_disk_fails(settings: Settings) -> None:
    with closing(open_installation(settings)) as installation:
        first_key(installation)
        image_id = Rows(installation.database).image(
            disk(stored_size=1), status=ImageStatus.AVAILABLE
        )

    check = found(settings)["images"]

    assert (check.state, image_id in check.finding) == (State.FAILED, True)
    assert "backup" in check.remedy


def test_leftovers_are_found_and_removed(settings: Settings) -> None:
    folder = settings.data_dir / "scratch" / "embedded" / "t-gone"
    folder.mkdir(parents=True)
    (folder / "disk-1.qcow2").write_bytes(b"x")
    installation = open_installation(settings)
    installation.catalogue.put("m-gone-1.qcow2", [b"x"])
    installation.database.close()

    assert found(settings)["leftovers"].state is State.WARNING
    assert folder.exists()

    assert diagnosis.repair(settings) == 2
    assert found(settings)["leftovers"].state is State.OK
    assert not folder.exists()
    assert diagnosis.repair(settings) == 0


def _in_s3(settings: Settings, server: S3Server) -> Settings:
    options = f"region={REGION}&endpoint={server.endpoint}&path_style=true"
    bucket = server.make_bucket()
    return replace(
        settings,
        buckets_url=f"s3://{bucket}/buckets?{options}",
        images_url=f"s3://{bucket}/images?{options}",
        s3_access_key_id=server.access_key_id,
        s3_access_key_secret=server.access_key_secret,
    )


def test_uploads_of_ended_tasks_are_found_and_taken_back(
    settings: Settings, seaweedfs: S3Server, tmp_path: Path
) -> None:
    settings = _in_s3(settings, seaweedfs)
    with closing(open_installation(settings)) as installation:
        first_key(installation)
        rows = Rows(installation.database)
        golden = installation.store.create_bucket("golden", region="cn-hangzhou", owner="1")
        ended, active = rows.task(), rows.task()
        rows.change(transitions.cancel, ended, "somebody")
        for bucket in (golden, installation.catalogue):
            for task_id in (ended, active):
                bucket.draft("key", tmp_path / task_id, token=task_id).write(0, b"x")

        assert "2 uploads" in found(settings)["leftovers"].finding
        assert len(golden.uploads()) == 2

        assert diagnosis.repair(settings) == 2
        assert found(settings)["leftovers"].state is State.OK
        assert golden.staged() == installation.catalogue.staged() == {active}
        assert len(golden.uploads()) == 1


def test_tasks_that_could_not_be_cleaned_up_after_are_found_and_given_to_a_worker(
    settings: Settings,
) -> None:
    with closing(open_installation(settings)) as installation:
        first_key(installation)
        rows = Rows(installation.database)
        task_id = rows.given()
        with closing(TaskQueue(installation.database)) as queue:
            with installation.database.write() as connection:
                queue.enqueue(connection, task_id, TaskAction.EXPORT_IMAGE, "embedded")
            with installation.database.write() as connection:
                connection.exec_driver_sql(
                    "UPDATE workflow_status SET status = 'ERROR', completed_at = 1"
                )
            rows.change(transitions.cancel, task_id, "somebody")

            assert "1 tasks could not be cleaned up" in found(settings)["leftovers"].finding

            assert diagnosis.repair(settings) == 1
            assert rows.find(task_id).queued
    assert found(settings)["leftovers"].state is State.OK


def test_tasks_that_are_not_in_the_queue_are_found_and_put_there(settings: Settings) -> None:
    with closing(open_installation(settings)) as installation:
        first_key(installation)
        rows = Rows(installation.database)
        rows.task()
        lost, known = rows.given(), rows.given()
        with closing(TaskQueue(installation.database)) as queue:
            with installation.database.write() as connection:
                queue.enqueue(connection, known, TaskAction.IMPORT_IMAGE, "worker")

            check = found(settings)["tasks"]
            assert (check.state, lost in check.finding, known in check.finding) == (
                State.FAILED,
                True,
                False,
            )

            assert diagnosis.repair(settings) == 1
            assert [rows.find(task_id).queued for task_id in (lost, known)] == [True, False]
    assert found(settings)["tasks"].state is State.OK


def test_tasks_without_a_worker_are_told_of(postgresql: PostgreSQLServer, tmp_path: Path) -> None:
    with postgresql.copy_of("template1") as url:
        settings = Settings(data_dir=tmp_path / "data", database_url=url)
        with closing(open_installation(settings)) as installation:
            first_key(installation)
            assert found(settings)["workers"].state is State.OK
            Rows(installation.database).task()

            assert found(settings)["workers"].state is State.FAILED
            Presence(installation.database, "worker").enter("1", 2)

            assert found(settings)["workers"].finding == "1 workers give signs of life."
