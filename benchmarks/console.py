"""The console's list of thousands of tasks: how long interactions and updates take in Chromium.

Run it by ``make bench BENCH_ARGS=console``. The machine's other work counts, so each figure
is the median of several.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from playwright.sync_api import Page

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

_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def run() -> None:
    """Print the table."""
    with _list_of_many() as (somebody, rows):
        print(f"\nThe list of {TASKS:,} tasks: median of {TIMES}\n")
        print("| what | measured | goal |\n| --- | ---: | ---: |")
        for name, measured in _interactions(somebody.page).items():
            print(f"| {name} | {measured:.0f} ms | {INTERACTION_GOAL_MS} ms |")
        seconds, largest = _updates(somebody.page, rows)
        print(f"| a changed row is seen | {1000 * seconds:.0f} ms | {UPDATE_GOAL_MS} ms |")
        print(f"| bytes of an update | {largest:,} | {UPDATE_GOAL_BYTES:,} |")
        print(f"| bytes of the first load | {_weight(somebody):,} | {FIRST_LOAD_GOAL_BYTES:,} |")


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


def _interactions(page: Page) -> dict[str, float]:
    """Milliseconds from an action of the visitor's to the frame that shows what came of it."""
    return {
        "choose all tasks of a page": _median(lambda: page.evaluate(_CHOOSE_ALL)),
        "go to the next page": _median(lambda: page.evaluate(_FETCH, "/console/tasks?before=5000")),
        "filter by status": _median(lambda: page.evaluate(_FETCH, "/console/tasks?status=Waiting")),
        "search by a part of an id": _median(
            lambda: page.evaluate(_FETCH, "/console/tasks?search=m-7777")
        ),
    }


def _median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(TIMES))


_CHOOSE_ALL = f"""
async () => {{
  const begun = performance.now();
  document.querySelector("[data-choose-all]").click();
  await {_FRAMES};
  return performance.now() - begun;
}}
"""
_FETCH = f"""
async (address) => {{
  const begun = performance.now();
  const text = await (await fetch(address)).text();
  const list = new DOMParser().parseFromString(text, "text/html").querySelector("#list");
  document.querySelector("#list tbody").replaceWith(list.querySelector("tbody"));
  await {_FRAMES};
  return performance.now() - begun;
}}
"""


def _updates(page: Page, rows: Rows) -> tuple[float, int]:
    """Seconds from the change of a row to the page that shows it, and the largest message."""
    task_id = rows.task()
    assert rows.change(transitions.claim, task_id, OWNER)
    page.reload()
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
