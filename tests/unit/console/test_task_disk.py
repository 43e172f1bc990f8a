"""What a task's page says of one disk and of the throughput, by how the task is."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from imageferry.console.interface import ENDED, Disk
from imageferry.console.templating import render
from support.visits import visit


def task(status: str) -> SimpleNamespace:
    return SimpleNamespace(status=status, ended=status in ENDED, phase="transfer")


@pytest.mark.parametrize(
    ("of_task", "of_disk", "said", "has_bar"),
    [
        ("Waiting", "Processing", "Waiting", False),
        ("Paused", "Processing", "Paused", True),
        ("Processing", "Processing", "In progress", True),
        ("Processing", "Success", "Done", False),
        ("Failed", "Failed", "Failed", False),
        ("Deleted", "Failed", "Cancelled", False),
    ],
)
def test_a_disk_says_how_it_is(of_task: str, of_disk: str, said: str, has_bar: bool) -> None:
    disk = Disk(1, of_disk, "", "", [], 0, 0)
    values = {"warnings_named": frozenset(), "sizes": frozenset(), "live": False}

    shown = render(visit(), "task_disk.html", disk=disk, disks=[disk], task=task(of_task), **values)

    assert f">{said}</span>" in shown
    assert ("<progress" in shown) is has_bar


@pytest.mark.parametrize(("number", "is_folded"), [(3, False), (4, True)])
def test_what_is_known_of_many_disks_is_folded(number: int, is_folded: bool) -> None:
    disks = [Disk(1, "Success", "", "", [("SHA256", "5e1f")], 0, 0)] * number
    values = {"warnings_named": frozenset(), "sizes": frozenset(), "live": True}

    shown = render(
        visit(), "task_disk.html", disk=disks[0], disks=disks, task=task("Finished"), **values
    )

    assert "5e1f" in shown
    assert ('<details id="disk-1-items">' in shown) is is_folded


@pytest.mark.parametrize(
    ("status", "said"), [("Waiting", "A chart appears once"), ("Deleted", "The task ended before")]
)
def test_a_chart_is_promised_only_where_one_can_come(status: str, said: str) -> None:
    shown = render(visit(), "task_chart.html", live=False, chart=None, task=task(status))

    assert said in shown
