"""The console's list of thousands of tasks: how long interactions and updates take in Chromium.

Run it by ``make bench BENCH_ARGS=console``. The machine's other work counts, so each figure
is the median of several.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa
from playwright.sync_api import CDPSession, Page

from imageferry.console import assets
from imageferry.database.metadata import now
from imageferry.tasks import transitions
from imageferry.tasks.model import Phase
from imageferry.tasks.tables import tasks
from support.browser import Visitor, chromium, rows_of, visitor
from support.rows import Rows
from support.service import services

TASKS = 10_000
TIMES = 9
OWNER = "worker"
INTERACTION_GOAL_MS = 100
UPDATE_GOAL_MS = 1000
FIRST_LOAD_GOAL_BYTES = 200_000
UPDATE_GOAL_BYTES = 2_000

ON_A_PAGE = 25
_SETTLE_MS = 1_500
"""How long a page is left alone before it is measured: its stream's first look has passed."""

_INTERACTIONS = {
    "choose all tasks of a page": "list.querySelector('[data-choose-all]').click(); return false;",
    "go to the next page": "list.querySelector('[rel=next]').click(); return true;",
    "filter by status": """
        const field = document.querySelector('[name=status]');
        field.value = 'Waiting';
        field.dispatchEvent(new Event('change', { bubbles: true }));
        return true;
    """,
    "search by a part of an id": """
        const field = document.querySelector('#search');
        field.value = 'm-7777';
        field.dispatchEvent(new Event('input', { bubbles: true }));
        return true;
    """,
}
"""What a visitor does, as scripts; each says whether it leads to another list."""


def run() -> None:
    """Print the table."""
    with _list_of_many() as (somebody, rows):
        print(f"\nThe list of {TASKS:,} tasks: median of {TIMES}\n")
        print("| what | measured | processor: service | processor: page | goal |")
        print("| --- | ---: | ---: | ---: | ---: |")
        for name, script in _INTERACTIONS.items():
            taken = _interaction(somebody, script)
            print(f"| {name} | {taken} | {INTERACTION_GOAL_MS} ms |")
        seconds, largest = _updates(somebody, rows)
        print(f"| a changed row is seen | {1000 * seconds:.0f} ms | | | {UPDATE_GOAL_MS} ms |")
        print(f"| bytes of an update | {largest:,} | | | {UPDATE_GOAL_BYTES:,} |")
        print(
            f"| bytes of the first load | {_weight(somebody):,} | | | {FIRST_LOAD_GOAL_BYTES:,} |"
        )


@contextmanager
def _list_of_many() -> Iterator[tuple[Visitor, Rows]]:
    """Somebody who looks at the list of a service that has thousands of tasks."""
    with (
        tempfile.TemporaryDirectory() as folder,
        services(Path(folder)) as start,
        chromium() as browser,
    ):
        service = start("--no-worker")
        rows = rows_of(service)
        _insert(rows)
        with visitor(browser, service) as somebody:
            somebody.sign_in()
            yield somebody, rows
            somebody.page.goto("about:blank")
        rows.database.close()


def _insert(rows: Rows) -> None:
    known: dict[str, Any] = vars(rows.find(rows.task())) | {"created": now()}
    del known["sequence"]
    many = [
        known | {"task_id": f"t-{number}", "resource_id": f"m-{number}"}
        for number in range(TASKS - 1)
    ]
    rows.change(sa.Connection.execute, sa.insert(tasks), many)


@dataclass(frozen=True)
class _Taken:
    """What an interaction took, in milliseconds: by the clock, and of the processor."""

    measured: float
    service: float
    page: float

    def __str__(self) -> str:
        return f"{self.measured:.0f} ms | {self.service:.0f} ms | {self.page:.0f} ms"


def _interaction(somebody: Visitor, script: str) -> _Taken:
    """What it takes from an action of the visitor's to the frame that shows what came of it."""
    session = somebody.page.context.new_cdp_session(somebody.page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    taken = [_measured(somebody, session, script) for _ in range(TIMES)]
    session.detach()
    return _Taken(*(statistics.median(part) for part in zip(*taken, strict=True)))


def _measured(somebody: Visitor, session: CDPSession, script: str) -> tuple[float, float, float]:
    somebody.open("tasks")
    somebody.page.locator("tbody tr").nth(ON_A_PAGE - 1).wait_for()
    somebody.page.wait_for_timeout(_SETTLE_MS)
    service, page = _service_seconds(somebody), _page_seconds(session)
    measured = somebody.page.evaluate(_MEASURE % {"script": script})
    return (
        measured,
        1000 * (_service_seconds(somebody) - service),
        1000 * (_page_seconds(session) - page),
    )


def _service_seconds(somebody: Visitor) -> float:
    times = psutil.Process(somebody.service.process.pid).cpu_times()
    return float(times.user + times.system)


def _page_seconds(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


_MEASURE = """
async () => {
  const act = (list) => {%(script)s};
  const list = document.querySelector("#list");
  const frame = () => new Promise((done) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = done;
    port2.postMessage(0);
  }));
  const swapped = new Promise((done) => document.addEventListener("htmx:afterSettle", done));
  const begun = performance.now();
  if (act(list)) await swapped;
  await frame();
  return performance.now() - begun;
}
"""
"""From the action to the first moment after the frame that shows what came of it."""


def _updates(somebody: Visitor, rows: Rows) -> tuple[float, int]:
    """Seconds from the change of a row to the page that shows it, and the largest message."""
    task_id = rows.task()
    assert rows.change(transitions.claim, task_id, OWNER)
    page = somebody.page
    somebody.open("tasks")
    page.locator(f"#row-{task_id} progress").wait_for()
    page.evaluate(_LISTEN)
    taken = [_update(page, rows, task_id, number) for number in range(1, TIMES + 1)]
    return statistics.median(taken), page.evaluate("Math.max(...window.sizes)")


def _update(page: Page, rows: Rows, task_id: str, number: int) -> float:
    begun = time.monotonic()
    rows.change(
        transitions.record_progress,
        task_id,
        OWNER,
        phase=Phase.TRANSFER,
        percent=number,
        bytes_done=number * 2**30,
        bytes_total=2**40,
        bytes_per_second=2**27,
    )
    page.locator(f"#progress-{task_id}").get_by_text(f"{number}.0 GiB of").wait_for()
    return time.monotonic() - begun


_LISTEN = """
() => {
  window.sizes = [];
  document.body.addEventListener("htmx:sseMessage", (event) =>
    window.sizes.push(new Blob([event.detail.data]).size));
}
"""


def _weight(somebody: Visitor) -> int:
    """The bytes of the list's page and of all that it needs."""
    names = {
        address.rpartition("/")[2].partition("?")[0]
        for address in somebody.received
        if "/assets/" in address
    }
    needed = sum(len(assets.content(name) or b"") for name in names)
    return needed + len(somebody.page.content().encode())
