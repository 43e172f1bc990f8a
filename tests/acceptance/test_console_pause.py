"""Pausing and resuming in a real browser, a task's log and disks as they move, and many streams."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import urllib3
from playwright.sync_api import Browser, expect

from imageferry.console.streams import MOST_OF_A_SESSION
from imageferry.database.metadata import now
from imageferry.tasks import notes, transitions
from imageferry.tasks.model import Phase, TaskStatus
from imageferry.tasks.notes import DiskBytes
from support.browser import Visitor, visitor
from support.rows import Rows
from support.service import Service, until

OWNER = "worker"
HOSTILE = "<script>alert(1)</script>\u202etxt.exe"
MEGABYTE = HOSTILE + "x" * 2**20


def test_chosen_tasks_are_paused_with_a_reason_and_resumed(rows: Rows, member: Visitor) -> None:
    ids = [rows.task(), rows.claimed(OWNER)]
    page = member.page
    member.open("tasks")
    for task_id in ids:
        page.get_by_label(f"Choose task {task_id}").check()
    page.get_by_role("button", name="Pause…").click()
    page.get_by_label("Reason").fill(HOSTILE)
    assert member.grave_findings() == []
    page.get_by_label("Reason").fill(HOSTILE)
    page.get_by_role("button", name="Pause 2 now").click()

    expect(page.get_by_role("status")).to_have_text("Tasks paused: 2.")
    assert {rows.find(task_id).pause_reason for task_id in ids} == {HOSTILE}
    expect(page.locator(f"#row-{ids[0]}")).to_contain_text("<script>alert(1)</script>")
    page.get_by_label("Status").select_option("Paused")
    # The list before shows the same two tasks; a choice in it would go with it.
    page.wait_for_url("**/tasks?*status=Paused*")
    expect(page.locator("tbody tr[id]")).to_have_count(2)
    page.get_by_label("Choose all tasks of this page").check()
    page.get_by_role("button", name="Resume…").click()
    page.get_by_role("button", name="Resume 2 now").click()

    expect(page.get_by_role("status")).to_have_text("Tasks resumed: 2.")
    assert {rows.find(task_id).status for task_id in ids} == {TaskStatus.WAITING}


def test_one_task_is_paused_and_resumed_on_its_page(rows: Rows, member: Visitor) -> None:
    task_id = rows.claimed(OWNER)
    page = member.page
    member.open(f"tasks/{task_id}")
    page.get_by_role("link", name="Pause…").click()
    page.get_by_label("Reason").fill("The night")
    page.get_by_role("button", name="Pause 1 now").click()

    expect(page.locator("#outcome")).to_contain_text("Why it is paused")
    expect(page.locator("#log")).to_contain_text("The night")
    page.get_by_role("button", name="Resume").click()

    expect(page.locator("#summary")).to_contain_text("Waiting")
    expect(page.locator("#events li")).to_have_count(3)


def test_the_log_and_the_disks_move_by_themselves(rows: Rows, member: Visitor) -> None:
    task_id = rows.claimed(OWNER, disks=[[], []])
    rows.change(transitions.enter_phase, task_id, OWNER, Phase.TRANSFER)
    page = member.page
    member.open(f"tasks/{task_id}")
    log = page.locator("#log li")
    expect(log).to_have_count(2)

    say(rows, task_id, "phase_begun", '{"phase": "transfer"}')
    expect(log).to_have_count(3)
    rows.change(notes.record_disks, task_id, {2: DiskBytes(2**30, 2**32)})
    expect(page.locator("#disk-2")).to_contain_text("1.0 GiB of 4.0 GiB")
    bar = page.locator("#disk-2").get_by_role("progressbar")
    expect(bar).to_have_attribute("value", str(2**30))
    say(rows, task_id, HOSTILE[:100], MEGABYTE)
    expect(log).to_have_count(4)

    expect(log.last).to_contain_text("<script>alert(1)</script>")
    assert len(log.last.inner_html()) < 3_000
    assert member.grave_findings() == []


def say(rows: Rows, task_id: str, event: str, detail: str) -> None:
    line = {"time": now(), "level": "info", "event": event, "detail": detail}
    rows.change(notes.append_lines, task_id, [line])


def test_a_megabyte_of_a_name_is_shown_as_the_beginning_of_a_text(
    rows: Rows, member: Visitor
) -> None:
    task_id = rows.claimed(OWNER, request={"ImageName": MEGABYTE})
    rows.change(transitions.fail, task_id, "Broken", MEGABYTE, owner=OWNER)
    page = member.page

    for path in ("tasks", f"tasks/{task_id}", f"tasks/cancel?task={task_id}"):
        member.open(path)
        assert len(page.content()) < 60_000
        assert page.locator("main script").count() == 0
    member.open(f"tasks/{task_id}")
    expect(page.get_by_role("alert")).to_contain_text("<script>alert(1)</script>")
    expect(page.get_by_role("heading", level=1)).to_contain_text("<script>alert(1)</script>")


def test_whoever_has_too_many_pages_open_is_told_so(
    browser: Browser, console: Service, rows: Rows
) -> None:
    task_id = rows.task()
    with visitor(browser, console) as somebody:
        somebody.sign_in()
        somebody.page.goto("about:blank")
        cookies = somebody.page.context.cookies()
        cookie = "; ".join(f"{one.get('name')}={one.get('value')}" for one in cookies)
        with streams(f"{console.ecs}/console/tasks/{task_id}/stream", cookie):
            somebody.open(f"tasks/{task_id}")
            note = somebody.page.locator("#stream-note")
            expect(note).to_contain_text("You have many pages of the console open")
        somebody.page.goto("about:blank")


@contextmanager
def streams(address: str, cookie: str) -> Iterator[None]:
    """As many streams as a session may have, all of them ours."""
    http = urllib3.PoolManager(maxsize=MOST_OF_A_SESSION, retries=False)
    opened: list[urllib3.BaseHTTPResponse] = []

    def is_full() -> bool:
        reply = http.request(
            "GET", address, headers={"Cookie": cookie}, preload_content=False, timeout=60
        )
        if b"stream-note" in reply.read(100):
            reply.close()
            return False
        opened.append(reply)
        return len(opened) == MOST_OF_A_SESSION

    try:
        # A page that has just been left may still have its own.
        until(is_full, 60, "That all streams are ours")
        yield
    finally:
        for reply in opened:
            reply.close()
        http.clear()
