"""Thousands of tasks in the list: pages and updates stay as small as with a few."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, Route, expect

from imageferry.database.metadata import now
from imageferry.tasks import transitions
from imageferry.tasks.model import Phase
from imageferry.tasks.tables import tasks as table
from support.browser import Visitor, rows_of, visitor
from support.rows import Rows
from support.service import Service, services

MANY = 10_000
ON_A_PAGE = 25
MOST_ELEMENTS = 800
PAGE_BYTES = 60_000
UPDATE_BYTES = 2_000
OWNER = "worker"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with services(tmp_path_factory.mktemp("many")) as start:
        yield start("--no-worker")


@pytest.fixture(scope="module")
def rows(console: Service) -> Iterator[Rows]:
    """The rows of a service that has thousands of tasks."""
    rows = rows_of(console)
    known: dict[str, Any] = vars(rows.find(rows.task())) | {"created": now()}
    del known["sequence"]
    many = [
        known | {"task_id": f"t-{number}", "resource_id": f"m-{number}"}
        for number in range(MANY - 1)
    ]
    rows.change(sa.Connection.execute, sa.insert(table), many)
    yield rows
    rows.database.close()


@pytest.fixture(scope="module")
def visited(browser: Browser, console: Service, rows: Rows) -> Iterator[Visitor]:
    """Somebody who looks at the list."""
    assert rows.account
    with visitor(browser, console) as somebody:
        somebody.sign_in()
        yield somebody


def elements(page: Page) -> int:
    count: int = page.evaluate("document.getElementsByTagName('*').length")
    return count


def test_a_page_of_many_is_as_small_as_a_page_of_few(member: Visitor) -> None:
    page = member.page
    member.open("tasks")
    expect(page.locator("#count")).to_have_text(f"{MANY} tasks")

    assert page.locator("tbody tr").count() == ON_A_PAGE
    assert elements(page) < MOST_ELEMENTS
    assert len(page.content().encode()) < PAGE_BYTES


def test_pages_are_turned_without_growing(member: Visitor) -> None:
    page = member.page
    member.open("tasks")
    newest = str(page.locator("tbody tr").first.get_attribute("id"))
    before = elements(page)
    page.evaluate("window.loaded = true")

    for _ in range(3):
        first = str(page.locator("tbody tr").first.get_attribute("id"))
        page.get_by_role("link", name="Older").click()
        expect(page.locator("tbody tr").first).not_to_have_id(first)
    page.get_by_role("link", name="Newest").click()
    expect(page.locator("tbody tr").first).to_have_id(newest)

    assert elements(page) <= before + 2
    assert page.evaluate("window.loaded")
    page.go_back()
    expect(page.locator("tbody tr").first).not_to_have_id(newest)


def test_a_change_among_many_touches_its_own_row_alone(member: Visitor, rows: Rows) -> None:
    task_id = rows.claimed(OWNER)
    page = member.page
    member.open("tasks")
    row = page.locator(f"#row-{task_id}")
    expect(row).to_contain_text("Running")
    # What the page lacks since it was made comes first.
    advance(rows, task_id, 1)
    expect(row).to_contain_text("1.0 GiB of")
    page.evaluate(WATCH)

    advance(rows, task_id, 2)
    expect(row).to_contain_text("2.0 GiB of")

    touched = set(page.evaluate("[...window.touched]"))
    sizes = page.evaluate("window.sizes")
    assert touched <= {f"row-{task_id}", f"progress-{task_id}", f"age-{task_id}", *ages(touched)}
    assert f"row-{task_id}" in touched or f"progress-{task_id}" in touched
    assert sizes
    assert max(sizes) < UPDATE_BYTES


def ages(touched: set[str]) -> set[str]:
    """Rows whose age may have come to another minute meanwhile."""
    return {name for name in touched if name.startswith(("age-", "row-"))}


def advance(rows: Rows, task_id: str, gibibytes: int) -> None:
    assert rows.change(
        transitions.record_progress,
        task_id,
        OWNER,
        phase=Phase.TRANSFER,
        percent=gibibytes * 20,
        bytes_done=gibibytes * 2**30,
        bytes_total=2**32,
        bytes_per_second=2**27,
    )


WATCH = """
() => {
  window.touched = new Set();
  window.sizes = [];
  document.body.addEventListener("htmx:sseMessage", (event) =>
    window.sizes.push(new Blob([event.detail.data]).size));
  new MutationObserver((changes) => changes.forEach(({ target }) => {
    const owner = target.closest("[id]");
    if (owner) window.touched.add(owner.id);
  })).observe(document.querySelector("#tasks"), { childList: true, subtree: true });
}
"""


def test_a_search_among_many_shows_what_it_finds(member: Visitor) -> None:
    page = member.page
    member.open("tasks")

    page.get_by_label("Search").fill("m-7777")
    expect(page.locator("tbody tr[id]")).to_have_count(1)

    expect(page.locator("tbody tr")).to_contain_text("m-7777")


def test_the_way_back_leads_out_of_a_search(member: Visitor) -> None:
    page = member.page
    member.open("tasks")
    page.get_by_role("link", name="Older").click()
    page.wait_for_url("**/tasks?before=*")
    before = page.url

    page.keyboard.press("/")
    page.keyboard.type("m-7777")
    page.wait_for_url("**/tasks?search=m-7777*")
    page.go_back()

    page.wait_for_url(before)
    expect(page.locator("tbody tr[id]")).to_have_count(ON_A_PAGE)


def test_a_page_that_cannot_be_fetched_is_left_to_the_browser(member: Visitor) -> None:
    page = member.page
    member.open("tasks")
    link = page.get_by_role("link", name="Older")
    wanted = link.get_attribute("href")
    fetched: list[str] = []

    def fail_once(route: Route) -> None:
        fetched.append(route.request.resource_type)
        if route.request.resource_type == "xhr":
            route.abort()
        else:
            route.continue_()

    page.route("**/tasks?before=*", fail_once)
    link.click()
    page.wait_for_function(
        "address => performance.getEntriesByType('navigation')[0].name.endsWith(address)",
        arg=wanted,
    )

    assert fetched == ["xhr", "document"]
    page.unroute_all()
    member.errors.clear()
