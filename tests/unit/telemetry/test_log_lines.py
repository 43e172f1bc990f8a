from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from imageferry.telemetry import logs
from imageferry.telemetry.threads import ContextThreads

SECRETS = [
    "https://bucket.s3.example/key?X-Amz-Credential=AKIDEXAMPLE%2F2026&X-Amz-Signature=5ec7e7",
    "https://b.oss.example/key?OSSAccessKeyId=5ec7e7&Signature=5ec7e7%3D&Expires=1",
    "http://127.0.0.1:8080/?Action=X&AccessKeyId=5ec7e7&SecurityToken=5ec7e7",
    "postgresql://imageferry:5ec7e7@db.example/imageferry",
    '{"AccessKeySecret": "5ec7e7", "Password": "5ec7e7"}',
    "Authorization: OSS4-HMAC-SHA256 Credential=5ec7e7/2026/oss, Signature=5ec7e7",
]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Sets logging up as the service does, and reads the lines that were written."""
    names = ("", "dbos")
    before = [list(logging.getLogger(name).handlers) for name in names]
    configuration = structlog.get_config()
    errors = io.StringIO()
    monkeypatch.setattr(sys, "stderr", errors)
    logs.set_up("info")
    monkeypatch.undo()
    yield lambda: [json.loads(line) for line in errors.getvalue().splitlines()]
    structlog.configure(**configuration)
    for name, handlers in zip(names, before, strict=True):
        logging.getLogger(name).handlers = handlers
    logging.getLogger("dbos").propagate = True


def test_lines_in_a_block_and_in_its_threads_carry_what_it_is_about(written: Any) -> None:
    log = structlog.get_logger()

    with logs.about(task_id="t-1", step=None), ContextThreads(1) as threads:
        logs.note(account="a-1")
        log.info("here")
        threads.submit(log.info, "there").result()
    log.info("after")

    found = {line["event"]: line for line in written()}
    for event in ("here", "there"):
        assert found[event].items() >= {"task_id": "t-1", "account": "a-1"}.items()
        assert "step" not in found[event]
    assert found["after"].keys() == {"event", "level", "timestamp"}


def test_lines_of_libraries_look_like_ours(written: Any) -> None:
    with logs.about(task_id="t-1"):
        logging.getLogger("dbos").warning("the engine says %s", "something")

    (line,) = written()
    assert (
        line.items()
        >= {
            "event": "the engine says something",
            "level": "warning",
            "logger": "dbos",
            "task_id": "t-1",
        }.items()
    )


def test_every_line_carries_the_name_of_the_process(
    written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_of_process", {})
    logs.name_process(executor="host-1")

    structlog.get_logger().info("any")

    assert written()[0]["executor"] == "host-1"


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_gets_into_a_line(written: Any, secret: str) -> None:
    log = structlog.get_logger()

    log.error("told", reason=secret)
    log.error("raised", exc_info=ValueError(secret))
    logging.getLogger("urllib3").warning("of a library: %s", secret)

    lines = written()
    assert len(lines) == 3
    assert "5ec7e7" not in json.dumps(lines)
    assert "(not shown)" in lines[0]["reason"]


def test_levels_below_the_chosen_one_are_not_written(written: Any) -> None:
    structlog.get_logger().debug("unseen")
    logging.getLogger("urllib3").info("unseen")

    assert written() == []


def test_a_library_that_chooses_its_level_again_writes_no_more(written: Any) -> None:
    logging.getLogger("dbos").setLevel("INFO")

    logging.getLogger("dbos").info("unseen")

    assert written() == []
