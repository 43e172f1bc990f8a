"""Processes of tests: what they start can be interrupted, and a failure shows what they said."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from support.processes import heed_interrupts
from support.service import Service

HANDLER = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"


@pytest.fixture
def _in_the_background() -> Iterator[None]:
    """Tests that a shell has started by ``&``."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


def _heeds_interrupts() -> bool:
    return subprocess.check_output([sys.executable, "-c", HANDLER]) == b"True\n"


@pytest.mark.usefixtures("_in_the_background")
def test_what_tests_in_the_background_start_can_be_interrupted() -> None:
    assert not _heeds_interrupts()

    heed_interrupts()

    assert _heeds_interrupts()


def test_a_failure_shows_what_the_service_said_and_its_tasks(
    service: Service, request: pytest.FixtureRequest
) -> None:
    service.put("support", "disk.raw", bytes(1 << 20))
    _, task_id = service.import_image("support", "disk.raw")
    service.wait_for(task_id)
    failure = pytest.CallInfo.from_call(lambda: pytest.fail("on purpose"), "call")

    report = request.node.ihook.pytest_runtest_makereport(item=request.node, call=failure)

    shown = dict(report.sections)
    log, tasks = f"end of {service.log}", f"tasks of sqlite:///{service.data_dir}/imageferry.db"
    assert task_id in shown[log]
    assert f"'task_id': '{task_id}'" in shown[tasks]
    assert "'status': 'Finished'" in shown[tasks]
    assert "'event': 'finished'" in shown[tasks]
