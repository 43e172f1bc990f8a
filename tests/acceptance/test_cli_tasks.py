"""Tasks by the command, against a real service whose tasks wait as long as a test wants."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from imageferry.cli.main import main
from support import command
from support.command import document, run
from support.service import PATIENCE, Service, services, until


@pytest.fixture(scope="module")
def waiting_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service without a worker: its tasks wait."""
    with services(tmp_path_factory.mktemp("waiting")) as start:
        service = start("--no-worker")
        service.put("golden", "disk.raw", bytes(2**20))
        yield service


def waiting_task(service: Service) -> str:
    started = document(service, "import", "oss://golden/disk.raw", "--no-wait")
    return str(started["TaskId"])


def test_a_task_is_shown_listed_and_cancelled(waiting_service: Service) -> None:
    service = waiting_service
    waiting_task(service)
    started = document(service, "import", "oss://golden/disk.raw", "--no-wait")
    task_id, image_id = started["TaskId"], started["ImageId"]

    assert document(service, "task", task_id)["TaskStatus"] == "Waiting"
    shown = run(service, "task", task_id).stdout
    assert f"TaskId\t{task_id}\n" in shown
    assert "Disk 1\nOSSBucket\tgolden\nOSSObject\tdisk.raw\n" in shown
    (row,) = run(
        service, "tasks", "--image", image_id, "--action", "ImportImage"
    ).stdout.splitlines()
    assert row.split("\t")[:4] == [task_id, "ImportImage", "Waiting", image_id]
    assert row.split("\t")[-1] == "FreeSlot"

    assert run(service, "cancel", task_id).stdout == f"Task {task_id} is cancelled.\n"
    again = document(service, "cancel", task_id, exit_code=1)
    assert again["Error"]["Code"] == "InvalidTaskId.IncorrectTaskStatus"
    waited = document(service, "wait", task_id, exit_code=4)
    assert [task["TaskStatus"] for task in waited["Tasks"]] == ["Deleted"]


def test_lists_come_in_pages(waiting_service: Service) -> None:
    tasks = [waiting_task(waiting_service) for _ in range(3)]

    result = run(waiting_service, "tasks", "--page-size", "2")

    assert [row.split("\t")[0] for row in result.stdout.splitlines()] == tasks[:0:-1]
    assert result.stderr.startswith("1 to 2 of ")
    for task_id in tasks:
        run(waiting_service, "cancel", task_id)


def test_ctrl_c_leaves_the_task_and_says_how_to_go_on(waiting_service: Service) -> None:
    task_id = waiting_task(waiting_service)
    following = command.start(waiting_service, "wait", task_id)
    assert following.stderr is not None
    lines = [following.stderr.readline(), following.stderr.readline()]
    assert lines == [f"Task {task_id}\n", "queued\n"]

    following.send_signal(signal.SIGINT)
    out, err = following.communicate(timeout=PATIENCE)

    assert (following.returncode, out) == (130, "")
    assert f"imageferry wait {task_id}" in err
    assert f"imageferry cancel {task_id}" in err
    assert waiting_service.task(task_id)["TaskStatus"] == "Waiting"
    run(waiting_service, "cancel", task_id)


def test_a_terminal_sees_a_bar(waiting_service: Service) -> None:
    task_id = waiting_task(waiting_service)
    terminal, follower = pty.openpty()
    arguments = ["--data-dir", str(waiting_service.data_dir), "wait", task_id]
    following = subprocess.Popen(
        [sys.executable, "-m", "imageferry", *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(follower)
    seen = bytearray()

    def draws() -> bool:
        seen.extend(os.read(terminal, 4096))
        return b"in the queue" in seen

    until(draws, PATIENCE, "The bar")
    run(waiting_service, "cancel", task_id)
    assert following.wait(PATIENCE) == 4
    os.close(terminal)
    assert b"queued" in seen


def test_a_failed_task_says_why(start_service: Callable[..., Service], tmp_path: Path) -> None:
    service = start_service("--no-worker")
    service.put("golden", "disk.raw", bytes(2**20))
    task_id = waiting_task(service)
    service.put("golden", "disk.raw", bytes(2**21))
    service.stop()
    service = start_service(data_dir=service.data_dir)

    result = run(service, "wait", task_id)

    assert result.exit_code == 3
    assert "\tFailed\t" in result.stdout
    assert f"Task {task_id} failed: InvalidOSSObject.Changed: " in result.stderr
    failed = document(service, "task", task_id)
    assert failed["FailedReason"].startswith("InvalidOSSObject.Changed: ")


def test_a_service_that_is_not_there_is_told_with_what_to_start(
    start_service: Callable[..., Service],
) -> None:
    service = start_service("--no-worker")
    service.stop()

    for arguments in (["tasks"], ["buckets"]):
        flags = ["--ecs-endpoint", service.ecs, "--oss-endpoint", service.oss]
        result = run(service, *flags, *arguments)
        assert result.exit_code == 5, result.output
        assert f"imageferry serve --data-dir {service.data_dir}" in result.stderr
        assert document(service, *flags, *arguments, exit_code=5)["Error"]["Message"]


def test_keys_are_listed_and_made(waiting_service: Service) -> None:
    service = waiting_service

    (first,) = document(service, "keys")["AccessKeys"]
    assert first["AccessKeyId"] == service.access_key_id
    assert "AccessKeySecret" not in first
    assert service.access_key_secret not in run(service, "keys").output
    (made,) = document(service, "keys", "--create")["AccessKeys"]
    listed = document(service, "keys", "--show-secrets")["AccessKeys"]
    assert [key["AccessKeySecret"] for key in listed] == [
        service.access_key_secret,
        made["AccessKeySecret"],
    ]
    key = ["--access-key-id", made["AccessKeyId"], "--access-key-secret", made["AccessKeySecret"]]
    assert run(service, *key, "tasks").exit_code == 0


def test_a_key_of_another_account_is_switched_off_and_deleted(waiting_service: Service) -> None:
    service = waiting_service
    (made,) = document(service, "keys", "--create", "--account", "team-b")["AccessKeys"]
    assert made["AccountName"] == "team-b"
    named = made["AccessKeyId"]
    key = ["--access-key-id", named, "--access-key-secret", made["AccessKeySecret"]]
    assert document(service, *key, "buckets")["Buckets"] == []

    (switched,) = document(service, "keys", "--disable", named)["AccessKeys"]
    assert switched["Status"] == "Inactive"
    _await_refusal(service, key, "InvalidAccessKeyId.Inactive")

    (deleted,) = document(service, "keys", "--delete", named)["AccessKeys"]
    assert deleted["Status"] == "Deleted"
    _await_refusal(service, key, "InvalidAccessKeyId.NotFound")


def _await_refusal(service: Service, key: list[str], code: str) -> None:
    until(lambda: code in run(service, *key, "tasks").stderr, PATIENCE, code)


def test_a_key_names_its_account_itself() -> None:
    result = CliRunner().invoke(main, ["keys", "--disable", "a", "--account", "b"])

    assert result.exit_code == 2
    assert "--disable names a key: leave --account out" in result.stderr


def test_keys_of_no_installation_are_an_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["keys", "--data-dir", str(tmp_path)])

    assert result.exit_code == 7
    assert "There is no installation" in result.stderr


def test_the_doctor_finds_a_service_healthy(waiting_service: Service) -> None:
    checks = document(waiting_service, "doctor")["Checks"]

    states = {check["Name"]: check["State"] for check in checks}
    assert states.keys() >= {"qemu-img", "data folder", "database", "leftovers", "OSS API"}
    assert "failed" not in states.values()
    assert (states["ECS API"], states["OSS API"]) == ("ok", "ok")
    assert "ok\tECS API\t" in run(waiting_service, "doctor").stdout


def test_the_doctor_removes_leftovers(waiting_service: Service) -> None:
    folder = waiting_service.data_dir / "scratch" / "embedded" / "t-gone"
    folder.mkdir(parents=True)

    assert document(waiting_service, "doctor", "--repair")["Removed"] == 1
    assert not folder.exists()


def test_the_doctor_fails_where_something_is_missing(waiting_service: Service) -> None:
    runner = CliRunner(env={"IMAGEFERRY_QEMU_IMG": "/no/such/qemu-img"})

    result = runner.invoke(main, ["doctor", "--data-dir", str(waiting_service.data_dir)])

    assert result.exit_code == 6
    assert "failed\tqemu-img\t" in result.stdout


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(
            main, ["serve", "--data-dir", str(tmp_path / "data"), "--ecs-port", str(port)]
        )

    assert result.exit_code == 7
    assert f"The ECS API cannot listen on 127.0.0.1:{port}: " in result.stderr
    assert "IMAGEFERRY_ECS_PORT" in result.stderr
    assert not (tmp_path / "data").exists()


def test_a_worker_that_cannot_run_says_why(tmp_path: Path) -> None:
    arguments = ["worker", "--data-dir", str(tmp_path), "--qemu-img", "/no/such/qemu-img"]

    ended = subprocess.run(
        [sys.executable, "-m", "imageferry", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 7
    assert ended.stderr.startswith("Error: QemuImgNotFound: ")
    assert "apt-get install qemu-utils" in ended.stderr
