from __future__ import annotations

import io
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from imageferry.cli import progress
from imageferry.cli.progress import Meter, Step


class Terminal(io.StringIO):
    """A standard error that is a terminal."""

    def isatty(self) -> bool:
        return True


class Recorder:
    """A display that keeps what it was shown."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def show(self, step: Step) -> None:
        self.steps.append(step)


@pytest.mark.parametrize(
    ("step", "figures"),
    [
        (Step("transfer"), ""),
        (Step("queued", remark="number 2 in the queue"), "number 2 in the queue"),
        (Step("transfer", 512, 1024), "512 B of 1.0 KiB"),
        (Step("transfer", 512, 1024, 256, 2), "512 B of 1.0 KiB, 256 B/s, 0:02 left"),
    ],
)
def test_the_figures_say_what_is_known(step: Step, figures: str) -> None:
    assert step.figures() == figures


def test_without_a_terminal_each_phase_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.display() as shown:
        for done in range(3):
            shown.show(Step("transfer", done, 2048))
        shown.show(Step("verify\x1b[0m"))

    assert capsys.readouterr().err == "transfer (2.0 KiB)\nverify\\x1b[0m\n"


def test_a_terminal_gets_a_bar_without_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "100")

    with progress.display() as shown:
        shown.show(Step("upload [red]x\x1b]0;y", 512, 1024, 256, 2))

    drawn = terminal.getvalue()
    assert "upload [red]x\\x1b]0;y" in drawn
    assert "512 B of 1.0 KiB, 256 B/s, 0:02 left" in drawn


def test_a_meter_adds_up_what_threads_report() -> None:
    recorder = Recorder()
    meter = Meter(recorder, "upload x", 4000)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(meter.advance, [10] * 400))

    assert recorder.steps[0] == Step("upload x", 0, 4000)
    assert recorder.steps[-1].done == 4000
    assert [step.done for step in recorder.steps] == list(range(0, 4001, 10))


def test_a_meter_measures_the_rate_of_the_last_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("imageferry.cli.progress.time.monotonic", lambda: now[0])
    recorder = Recorder()
    meter = Meter(recorder, "upload x", 10_000)

    for _ in range(10):
        now[0] += 1
        meter.advance(100)
    for _ in range(10):
        now[0] += 1
        meter.advance(200)

    assert recorder.steps[10].rate == 100
    assert recorder.steps[-1].rate == 200
    assert recorder.steps[-1].seconds_left == 35
