"""The list of tasks in a real browser: it moves by itself, is searched, and cancels."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from imageferry.accounts import access_keys
from imageferry.tasks import transitions
from imageferry.tasks.model import Phase, TaskAction
from support.browser import Visitor, visitor
from support.rows import Rows
from support.service import Service

FIRST_LOAD_BYTES = 200_000
UPDATE_BYTES = 2_000
OWNER = "worker"
HOSTILE = "<script>alert(1)</script>\u202etxt.exe"


def advance(rows: Rows, task_id: str, done: int, rate: int = 2**27) -> None:
    """Let a worker note how far a task of 4 GiB is."""
    assert rows.change(
        transitions.record_progress,
        task_id,
        OWNER,
        phase=Phase.TRANSFER,
        percent=done * 90 // 2**32,
        bytes_done=done,
        bytes_total=2**32,
        bytes_per_second=rate,
    )


def test_the_list_moves_by_itself(member: Visitor, rows: Rows) -> None:
    page = member.page
    member.open("tasks")
    expect(page.get_by_text("No tasks yet")).to_be_visible()
    page.evaluate("window.loaded = true")

    first = rows.task(request={"ImageName": "golden"})
    row = page.locator(f"#row-{first}")
    expect(row).to_contain_text("Place 1 in the queue")
    second = rows.task(action=TaskAction.EXPORT_IMAGE)
    expect(page.locator("tbody tr").first).to_have_id(f"row-{second}")
    row.get_by_role("checkbox").check()

    assert rows.change(transitions.claim, first, OWNER)
    advance(rows, first, 2**30)
    expect(row.get_by_role("progressbar")).to_have_attribute("value", "22")
    expect(row).to_contain_text("1.0 GiB of 4.0 GiB")
    expect(row).to_contain_text("128 MiB/s")
    expect(row).to_contain_text("24 s left")
    assert rows.change(transitions.finish, first, OWNER)
    expect(row).to_contain_text("Finished")

    expect(row.get_by_role("checkbox")).to_be_checked()
    expect(page.locator("#count")).to_have_text("2 tasks")
    assert page.evaluate("window.loaded")


def test_a_change_is_small(member: Visitor, rows: Rows) -> None:
    task_id = rows.claimed(OWNER, request={"ImageName": "n" * 128})
    advance(rows, task_id, 2**20)
    member.open("tasks")
    progress = member.page.locator(f"#progress-{task_id}")
    expect(progress).to_contain_text("1.0 MiB")
    member.page.evaluate(LISTEN)

    for megabytes in (150, 200):
        advance(rows, task_id, megabytes * 2**20)
        expect(progress).to_contain_text(f"{megabytes} MiB of")

    sizes = member.page.evaluate("window.sizes")
    assert sizes
    assert max(sizes) < UPDATE_BYTES


LISTEN = """
() => {
  window.sizes = [];
  document.body.addEventListener("htmx:sseMessage", (event) =>
    window.sizes.push(new Blob([event.detail.data]).size));
}
"""


def test_the_first_load_is_light(browser: Browser, console: Service, rows: Rows) -> None:
    for _ in range(30):
        rows.claimed(OWNER, request={"ImageName": "n" * 128})
    with visitor(browser, console) as somebody:
        somebody.sign_in()
        somebody.page.locator("tbody tr").nth(24).wait_for()

        loaded = [size for address, size in somebody.received.items() if "/sign-in" not in address]
        assert len(loaded) >= 5
        assert sum(loaded) < FIRST_LOAD_BYTES
        hosts = {address.split("/")[2] for address in somebody.received}
        assert hosts == {console.ecs.removeprefix("http://")}


def test_tasks_are_chosen_by_filters_that_the_address_keeps(member: Visitor, rows: Rows) -> None:
    golden = rows.claimed(OWNER, request={"ImageName": "Golden-1"})
    rows.task(action=TaskAction.EXPORT_IMAGE, resource_id="m-export", region_id="cn-beijing")
    page = member.page
    member.open("tasks")
    shown = page.locator("tbody tr[id]")
    expect(shown).to_have_count(2)

    page.keyboard.press("/")
    page.keyboard.type("goLDen")
    expect(shown).to_have_count(1)
    page.wait_for_url("**/tasks?search=goLDen*")
    page.reload()
    expect(shown).to_have_id(f"row-{golden}")

    page.get_by_role("link", name="Show all tasks").click()
    for label, choice, number in (
        ("Action", "Export image", 1),
        ("Status", "Waiting", 1),
        ("Region", "cn-hangzhou", 0),
        ("Status", "Any", 0),
        ("Action", "Import image", 1),
    ):
        page.get_by_label(label).select_option(choice)
        expect(shown).to_have_count(number)
    page.get_by_text("Time and page size").click()
    page.get_by_label("Created from").fill("2999-01-01T00:00")
    expect(page.get_by_text("No task matches.")).to_be_visible()


def test_chosen_tasks_are_cancelled_with_a_reason_that_is_kept(member: Visitor, rows: Rows) -> None:
    ids = [rows.task() for _ in range(3)]
    ended = rows.claimed(OWNER)
    assert rows.change(transitions.finish, ended, OWNER)
    page = member.page
    member.open("tasks")
    button = page.get_by_role("button", name="Cancel…")
    expect(page.locator(f"#row-{ended}")).to_contain_text("Finished")
    expect(button).to_be_disabled()
    page.get_by_label("Choose all tasks of this page").check()
    page.get_by_label(f"Choose task {ids[0]}").uncheck()
    button.click()

    left_alone = "Left alone, because their status does not allow it: 1."
    expect(page.get_by_text(left_alone)).to_be_visible()
    assert member.grave_findings() == []
    page.get_by_label("Reason").fill(HOSTILE)
    page.get_by_role("button", name="Cancel 2 now").click()

    expect(page.get_by_role("status")).to_have_text("Tasks cancelled: 2.")
    assert [rows.find(task_id).status.value for task_id in ids] == ["Waiting", "Deleted", "Deleted"]
    assert rows.find(ids[1]).cancel_reason == HOSTILE
    expect(page.locator(f"#row-{ids[1]}")).to_contain_text("<script>alert(1)</script>")


def test_hostile_names_are_text_and_other_accounts_are_not_seen(
    member: Visitor, rows: Rows
) -> None:
    other = rows.change(access_keys.create_account, "other")
    foreign = rows.task(account_id=other)
    huge = rows.task(request={"ImageName": HOSTILE + "x" * 2**20})
    page = member.page
    member.open("tasks")
    expect(page.locator("tbody tr")).to_have_count(1)
    row = page.locator(f"#row-{huge}")
    expect(row).to_contain_text("<script>alert(1)</script>")
    assert len(row.inner_html()) < 4_000
    assert row.locator("bdi").count() >= 1

    member.open(f"tasks/{foreign}")
    expect(page.get_by_role("heading")).to_have_text("There is no such task")
    assert all("404" in error for error in member.errors)
    member.errors.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_everybody_can_use_it(
    browser: Browser, console: Service, rows: Rows, scheme: str, width: int
) -> None:
    advance(rows, rows.claimed(OWNER, request={"ImageName": "golden"}), 2**31)
    rows.task()
    failed = rows.claimed(OWNER)
    assert rows.change(transitions.fail, failed, "Broken", "It broke.", owner=OWNER)
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    with visitor(browser, console, **options) as somebody:
        somebody.sign_in()
        assert somebody.grave_findings() == []
        somebody.open(f"tasks/{failed}")
        assert somebody.grave_findings() == []
        overflow = "document.documentElement.scrollWidth <= window.innerWidth"
        assert somebody.page.evaluate(overflow)
        somebody.page.keyboard.press("Tab")
        focused = somebody.page.evaluate("document.activeElement.textContent")
        assert focused == "Skip to the content"
