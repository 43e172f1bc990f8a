"""Images in a real browser: found, watched, tagged, shared, copied, deleted; for everybody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from imageferry.database.metadata import now
from imageferry.images import queries as images
from imageferry.images import shares
from imageferry.images.model import ImageStatus
from imageferry.tasks import transitions
from imageferry.tasks.model import Phase, TaskAction
from support.accounts import create_account
from support.browser import Visitor, visitor
from support.rows import Rows, disk
from support.service import Service

OWNER = "worker"
HOSTILE = "<script>alert(1)</script>\u202etxt.exe"
AVAILABLE = ImageStatus.AVAILABLE


def test_images_are_found_by_filters_that_the_address_keeps(member: Visitor, rows: Rows) -> None:
    golden = rows.image(disk(), name="Golden-1", tags={"team": "a"}, status=AVAILABLE)
    rows.image(disk(source_format="QCOW2"), name="other", region_id="cn-beijing")
    page = member.page
    member.open("images")
    shown = page.locator("tbody tr")
    expect(shown).to_have_count(2)

    page.keyboard.press("/")
    page.keyboard.type("goLDen")
    expect(shown).to_have_count(1)
    page.wait_for_url("**/images?search=goLDen*")
    page.reload()
    expect(shown).to_contain_text(golden)
    page.get_by_role("link", name="Show all images").click()
    for label, choice, number in (
        ("Status", "Available", 1),
        ("Region", "cn-beijing", 0),
        ("Status", "Any", 1),
        ("Format", "QCOW2", 1),
        ("Region", "Any", 1),
        ("Format", "RAW", 1),
    ):
        page.get_by_label(label).select_option(choice)
        expect(page.locator("tbody tr:not(:has(.empty))")).to_have_count(number)
    page.get_by_label("Tag", exact=True).fill("team=b")
    page.get_by_label("Tag", exact=True).press("Enter")
    expect(page.get_by_text("No image matches.")).to_be_visible()


def test_pages_follow_each_other(member: Visitor, rows: Rows) -> None:
    for number in range(27):
        made = now() - timedelta(minutes=number)
        rows.image(disk(), name=f"image-{number}", status=AVAILABLE, created=made)
    page = member.page
    member.open("images")
    expect(page.get_by_text("27 images")).to_be_visible()
    expect(page.get_by_text("27 of 100")).to_be_visible()
    page.get_by_role("link", name="Next").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody")).to_contain_text("image-26")
    page.get_by_role("link", name="Previous").click()
    expect(page.locator("tbody tr")).to_have_count(25)


def test_an_image_is_watched_while_it_is_made(member: Visitor, rows: Rows) -> None:
    task_id = rows.claimed(OWNER, request={"ImageName": "golden"})
    image = rows.image(disk(), name="golden", task_id=task_id, status=ImageStatus.CREATING)
    page = member.page
    member.open("images")
    page.evaluate("window.loaded = true")
    status = page.locator("tbody tr")
    expect(status).to_contain_text("Being made")
    amounts = {"percent": 42, "bytes_done": 42, "bytes_total": 100, "bytes_per_second": 1}
    assert rows.change(transitions.record_progress, task_id, OWNER, phase=Phase.TRANSFER, **amounts)
    expect(status).to_contain_text("42%")
    rows.change(images.set_status, image, AVAILABLE)
    expect(status).to_contain_text("Available")
    assert page.evaluate("window.loaded")
    # Nothing moves any more, so nothing is asked for any more.
    expect(page.locator("#list")).not_to_have_attribute("hx-trigger", "every 1s")


def test_a_page_that_moves_leads_to_the_sign_in_once_the_session_has_ended(
    browser: Browser, console: Service, rows: Rows
) -> None:
    rows.image(disk(), name="golden", status=ImageStatus.CREATING)
    with visitor(browser, console) as somebody:
        somebody.sign_in()
        somebody.open("images?search=gold")
        somebody.page.context.clear_cookies()

        somebody.page.wait_for_url("**/console/sign-in?next=%2Fconsole%2Fimages%3Fsearch%3Dgold")
        expect(somebody.page.get_by_label("Access key ID")).to_be_visible()


def test_tags_and_shares_are_changed(member: Visitor, console: Service, rows: Rows) -> None:
    other = create_account(console, "friend")
    image = rows.image(disk(), name="golden", status=AVAILABLE)
    page = member.page
    member.open(f"images/{image}")
    page.get_by_label("Key").fill("team")
    page.get_by_label("Value").fill(HOSTILE)
    page.get_by_role("button", name="Set tag").click()
    expect(page.get_by_role("region", name="Tags")).to_contain_text("<script>alert(1)</script>")
    page.get_by_role("button", name="Remove the tag team").click()
    expect(page.get_by_text("No tags.")).to_be_visible()

    page.get_by_label("Account ID").fill("1")
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_role("alert")).to_contain_text("InvalidAccount")
    assert all("409" in error for error in member.errors)
    member.errors.clear()
    page.get_by_role("link", name="Back").click()
    page.get_by_label("Account ID").fill(other.account_id)
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_role("region", name="Shared with")).to_contain_text(other.account_id)
    with rows.database.read() as connection:
        assert [share.account_id for share in shares.of_image(connection, image)] == [
            other.account_id
        ]
    page.get_by_role("button", name=f"End the sharing with {other.account_id}").click()
    expect(page.get_by_text("Nobody else.")).to_be_visible()


def test_a_shared_image_is_deleted_by_somebody_who_ends_the_sharing(
    member: Visitor, console: Service, rows: Rows
) -> None:
    image = rows.image(disk(stored_size=2**20), name="golden", status=AVAILABLE)
    for number in range(12):
        other = create_account(console, f"friend {number}")
        rows.change(shares.add, image, other.account_id)
    page = member.page
    member.open(f"images/{image}")
    page.get_by_role("link", name="Delete").click()
    expect(page.get_by_text("1.0 MiB become free.")).to_be_visible()
    page.get_by_role("button", name="Delete the image").click()
    # The browser asks for the box first.
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete image")
    page.get_by_label("End its sharing with 12 accounts").check()
    page.get_by_role("button", name="Delete the image").click()

    expect(page.get_by_text("No images yet")).to_be_visible()
    assert rows.find_image(image) is None


def test_what_keeps_an_image_from_being_deleted_is_said(member: Visitor, rows: Rows) -> None:
    image = rows.image(disk(), name="golden", status=AVAILABLE)
    export = rows.task(TaskAction.EXPORT_IMAGE, resource_id=image)
    copy = rows.image(disk(), name="copy", copied_from=image)
    page = member.page
    member.open(f"images/{image}/delete")
    expect(page.get_by_role("link", name=export)).to_be_visible()
    expect(page.get_by_role("link", name=copy)).to_be_visible()
    page.get_by_role("button", name="Delete the image").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert rows.find_image(image) is not None
    assert all("409" in error for error in member.errors)
    member.errors.clear()


def test_an_image_is_copied_to_another_region(member: Visitor, rows: Rows) -> None:
    image = rows.image(disk(), name="golden", status=AVAILABLE)
    page = member.page
    member.open(f"images/{image}")
    page.get_by_role("link", name="Copy").click()
    page.get_by_label("Region of the copy").select_option("cn-beijing")
    page.get_by_label("Name of the copy").fill("golden-2")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("golden-2")
    page.get_by_role("link", name="A copy of").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("golden")
    expect(page.get_by_role("link", name="Copied to")).to_be_visible()


def test_images_of_others_are_not_there_and_shared_ones_cannot_be_changed(
    member: Visitor, console: Service, rows: Rows
) -> None:
    other = create_account(console, "stranger")
    hidden = rows.image(disk(), name="hidden", account_id=other.account_id, status=AVAILABLE)
    shown = rows.image(disk(), name="shown", account_id=other.account_id, status=AVAILABLE)
    rows.change(shares.add, shown, rows.account)
    page = member.page
    member.open("images")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text(f"Shared by {other.account_id}")
    page.get_by_role("link", name="shown").click()
    expect(page.get_by_text("disk.raw")).to_have_count(0)
    expect(page.get_by_role("link", name="Delete")).to_have_count(0)
    expect(page.get_by_role("region", name="Tags")).to_have_count(0)

    for path in (hidden, f"{hidden}/delete", f"{shown}/delete", f"{shown}/export"):
        member.open(f"images/{path}")
        expect(page.get_by_role("heading", level=1)).to_have_text("There is no such image")
    token = page.locator("input[name=form_token]").first.get_attribute("value") or ""
    for image in (hidden, shown):
        for change in ("delete", "tags", "shares", "copy"):
            reply = page.request.post(
                f"{console.ecs}/console/images/{image}/{change}", form={"form_token": token}
            )
            assert reply.status == 404, change
    assert all("404" in error for error in member.errors)
    member.errors.clear()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_everybody_can_use_it(
    browser: Browser, console: Service, rows: Rows, scheme: str, width: int
) -> None:
    image = rows.image(
        disk(source_sha256="5e1f" * 16), name=f"wide-{'n' * 120}", status=AVAILABLE, tags={"a": ""}
    )
    rows.image(disk(), name="made", status=ImageStatus.CREATING)
    rows.task(TaskAction.EXPORT_IMAGE, resource_id=image)
    console.put("golden", f"x/{'k' * 200}.raw", bytes(510) + b"\x55\xaa")
    paths = {
        "light": ("images", "buckets/golden?prefix=x/"),
        "dark": (
            f"images/{image}",
            f"images/{image}/export",
            "buckets",
            "buckets/golden?prefix=x/",
            f"buckets/golden/import?key=x/{'k' * 200}.raw",
        ),
    }
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    with visitor(browser, console, **options) as somebody:
        somebody.sign_in()
        for path in paths[scheme]:
            somebody.open(path)
            assert somebody.grave_findings() == [], path
            overflow = "document.documentElement.scrollWidth <= window.innerWidth"
            assert somebody.page.evaluate(overflow), path
