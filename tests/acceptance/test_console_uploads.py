"""Uploads from a real browser: chosen, dropped, interrupted, gone on with, refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from support.browser import Visitor, visitor
from support.service import Service

MIB = 2**20
SIZE = 20 * MIB
BUCKET = "uploads"
UPLOAD_MS = 60_000
HOSTILE = "<img src=x onerror=alert(1)> \u202e & 镜像+%2e.raw"


@pytest.fixture(scope="module")
def visited(browser: Browser, console: Service) -> Iterator[Visitor]:
    """Somebody who has signed in, and who leaves pages whatever they warn of."""
    console.make_bucket(BUCKET)
    with visitor(browser, console) as somebody:
        somebody.page.on("dialog", lambda dialog: dialog.accept())
        somebody.sign_in()
        yield somebody


@pytest.fixture
def member(visited: Visitor) -> Visitor:
    """Somebody who looks into a bucket."""
    visited.page.unroute_all()
    visited.open(f"buckets/{BUCKET}")
    return visited


@pytest.fixture(scope="module")
def content() -> bytes:
    return Random(6).randbytes(SIZE)


@pytest.fixture(scope="module")
def small(content: bytes) -> bytes:
    """Two parts."""
    return content[: 9 * MIB]


def choose(page: Page, path: Path) -> None:
    page.locator("input[type=file]").set_input_files(path)


def sent_parts(page: Page) -> list[int]:
    """The numbers of the parts that the page begins to send from now on."""
    numbers: list[int] = []

    def note(method: str, address: str) -> None:
        found = re.search(r"partNumber=(\d+)", address)
        if method == "PUT" and found:
            numbers.append(int(found[1]))

    page.on("request", lambda request: note(request.method, request.url))
    return numbers


def test_a_chosen_file_is_uploaded_in_parts(
    member: Visitor, console: Service, content: bytes, tmp_path: Path
) -> None:
    page = member.page
    path = tmp_path / "chosen.raw"
    path.write_bytes(content)
    numbers = sent_parts(page)
    choose(page, path)

    expect(page.get_by_text("Uploaded", exact=True)).to_be_visible(timeout=UPLOAD_MS)
    expect(page.get_by_role("link", name="Import chosen.raw")).to_be_visible()
    assert page.locator(".files progress").evaluate("bar => bar.value") == 1
    assert sorted(numbers) == [1, 2, 3]
    assert console.get(BUCKET, "chosen.raw") == content
    assert console.uploads(BUCKET) == []
    assert page.evaluate("localStorage['imageferry.uploads']") == "{}"


DROP = """
({ name, size }) => {
  const bytes = new Uint8Array(size).fill(7).fill(9, size / 2);
  const files = new DataTransfer();
  files.items.add(new File([bytes], name));
  const send = (type) => document.querySelector(".drop").dispatchEvent(
    new DragEvent(type, { dataTransfer: files, bubbles: true, cancelable: true }));
  send("dragover");
  const marked = document.querySelector("#upload").classList.contains("over");
  send("drop");
  return marked;
}
"""


def test_a_dropped_file_of_a_hostile_name_goes_into_the_folder(
    member: Visitor, console: Service
) -> None:
    page = member.page
    member.open(f"buckets/{BUCKET}?prefix=a%26b/")
    assert page.evaluate(DROP, {"name": HOSTILE, "size": SIZE})

    expect(page.get_by_text("Uploaded", exact=True)).to_be_visible(timeout=UPLOAD_MS)
    expect(page.locator("#list bdi").filter(has_text="<img src=x")).to_be_visible()
    stored = console.get(BUCKET, f"a&b/{HOSTILE}")
    assert stored == bytes([7]) * (SIZE // 2) + bytes([9]) * (SIZE // 2)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes() == stored


def test_several_files_go_one_after_the_other(
    member: Visitor, console: Service, tmp_path: Path
) -> None:
    page = member.page
    paths = [tmp_path / f"{name}.raw" for name in "abc"]
    for path in paths:
        path.write_bytes(path.name.encode())
    # Held back until it is looked for no more.
    page.route("**/upload?key=a.raw&*partNumber=1", lambda _route: None)
    page.locator("input[type=file]").set_input_files(paths)
    states = page.locator(".files .state")
    expect(states).to_have_text(["On its way", "Waiting", "Waiting"])
    page.unroute_all()

    expect(states).to_have_text(["Uploaded", "Uploaded", "Uploaded"], timeout=UPLOAD_MS)
    assert [console.get(BUCKET, path.name) for path in paths] == [b"a.raw", b"b.raw", b"c.raw"]


def test_an_interrupted_upload_goes_on_after_a_reload(
    member: Visitor, console: Service, content: bytes, tmp_path: Path
) -> None:
    page = member.page
    path = tmp_path / "resumed.raw"
    path.write_bytes(content)
    page.route("**/upload?*partNumber=3", lambda _route: None)
    choose(page, path)
    # Two of three parts arrive.
    expect(page.locator(".files progress")).to_have_text("80%", timeout=UPLOAD_MS)
    page.reload()
    page.unroute_all()

    page.get_by_text("Unfinished uploads (1)").click()
    expect(page.locator(".unfinished li")).to_contain_text("resumed.raw")
    assert console.uploads(BUCKET) == ["resumed.raw"]
    numbers = sent_parts(page)
    choose(page, path)

    expect(page.get_by_text("Uploaded", exact=True)).to_be_visible(timeout=UPLOAD_MS)
    assert numbers == [3]
    assert console.get(BUCKET, "resumed.raw") == content


def test_another_file_of_the_same_name_does_not_go_on_with_an_upload(
    member: Visitor, console: Service, small: bytes, tmp_path: Path
) -> None:
    page = member.page
    path = tmp_path / "other.raw"
    path.write_bytes(small)
    page.route("**/upload?*partNumber=2", lambda _route: None)
    choose(page, path)
    expect(page.locator(".files progress")).to_have_text("88%", timeout=UPLOAD_MS)
    page.reload()
    page.unroute_all()
    path.write_bytes(small[:-1])
    numbers = sent_parts(page)
    choose(page, path)

    expect(page.get_by_text("Uploaded", exact=True)).to_be_visible(timeout=UPLOAD_MS)
    assert sorted(numbers) == [1, 2]
    assert console.get(BUCKET, "other.raw") == small[:-1]

    page.reload()
    page.get_by_text("Unfinished uploads (1)").click()
    page.get_by_role("button", name="Discard the upload of other.raw").click()
    expect(page.get_by_text("Unfinished uploads")).to_have_count(0)
    assert console.uploads(BUCKET) == []


def test_a_part_that_fails_is_sent_again(
    member: Visitor, console: Service, small: bytes, tmp_path: Path
) -> None:
    page = member.page
    path = tmp_path / "again.raw"
    path.write_bytes(small)
    failed: list[str] = []

    def fail_once(route: Route) -> None:
        if failed:
            route.continue_()
        else:
            failed.append(route.request.url)
            route.abort()

    page.route("**/upload?*partNumber=2", fail_once)
    choose(page, path)

    expect(page.get_by_text("Uploaded", exact=True)).to_be_visible(timeout=UPLOAD_MS)
    assert console.get(BUCKET, "again.raw") == small
    assert all("ERR_FAILED" in error for error in member.errors)
    member.errors.clear()


def test_a_part_that_was_damaged_on_the_way_is_refused_and_sent_again(
    member: Visitor, console: Service, content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "damaged.raw"
    path.write_bytes(content[: 2 * MIB])
    page = member.page
    statuses: list[int] = []

    def damage_once(route: Route) -> None:
        if statuses:
            route.continue_()
        else:
            route.continue_(post_data=b"\0" + content[1 : 2 * MIB])

    def note(status: int, method: str) -> None:
        if method == "PUT":
            statuses.append(status)

    assert content[0]
    page.route(re.compile("partNumber=1"), damage_once)
    page.on("response", lambda response: note(response.status, response.request.method))
    choose(page, path)
    expect(page.locator(".files .state")).to_have_text("Uploaded", timeout=UPLOAD_MS)

    assert statuses == [400, 200]
    assert console.get(BUCKET, path.name) == path.read_bytes()
    assert all("400" in error for error in member.errors)
    member.errors.clear()


def test_an_upload_is_stopped_and_gone_on_with(
    member: Visitor, console: Service, small: bytes, tmp_path: Path
) -> None:
    page = member.page
    path = tmp_path / "stopped.raw"
    path.write_bytes(small)
    page.route("**/upload?*partNumber=1", lambda _route: None)
    choose(page, path)
    expect(page.locator(".files progress")).to_have_text("11%", timeout=UPLOAD_MS)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".files .state")).to_have_text("Stopped")
    page.unroute("**/upload?*partNumber=1")
    numbers = sent_parts(page)
    page.get_by_role("button", name="Go on").click()

    expect(page.get_by_text("Uploaded", exact=True)).to_be_visible(timeout=UPLOAD_MS)
    assert numbers == [1]
    assert console.get(BUCKET, "stopped.raw") == small


def test_an_object_is_replaced_only_by_somebody_who_says_so(
    member: Visitor, console: Service, tmp_path: Path
) -> None:
    console.put(BUCKET, "kept.raw", b"old")
    page = member.page
    path = tmp_path / "kept.raw"
    path.write_bytes(b"")
    choose(page, path)

    expect(page.locator(".files .state")).to_have_text("There is an object of this name.")
    assert console.get(BUCKET, "kept.raw") == b"old"
    page.get_by_role("button", name="Replace it").click()

    expect(page.get_by_text("Uploaded", exact=True)).to_be_visible(timeout=UPLOAD_MS)
    assert console.get(BUCKET, "kept.raw") == b""
    assert all("409" in error for error in member.errors)
    member.errors.clear()


def test_an_upload_says_that_the_session_has_ended(
    member: Visitor, console: Service, tmp_path: Path
) -> None:
    page = member.page
    path = tmp_path / "late.raw"
    path.write_bytes(b"late")
    page.context.clear_cookies()
    choose(page, path)

    expect(page.locator(".files .state")).to_contain_text("the session has ended")
    assert "late.raw" not in console.uploads(BUCKET)
    assert all("401" in error for error in member.errors)
    member.errors.clear()
