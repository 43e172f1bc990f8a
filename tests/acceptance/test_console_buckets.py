"""Buckets in a real browser: made, looked through, imported from, downloaded from, emptied."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from subprocess import run
from urllib.parse import quote

import pytest
from playwright.sync_api import APIResponse, Browser, Page, expect

from imageferry.buckets.folder import FolderStore
from support.accounts import create_account
from support.browser import Visitor, visitor
from support.service import Service, services

MIB = 2**20
TASK_MS = 120_000
HOSTILE = "a/../<script>alert(1)</script>\u202e?&#%2e\"'.html"
BOOT_SECTOR = bytes(510) + b"\x55\xaa"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that imports and exports, with the buckets of this module alone."""
    with services(tmp_path_factory.mktemp("console")) as start:
        yield start()


def refused(member: Visitor, status: int) -> None:
    """Make sure that the browser complained of nothing but a status that was meant to be."""
    assert all(str(status) in error for error in member.errors)
    member.errors.clear()


def fetch(page: Page, console: Service, path: str, **options: object) -> APIResponse:
    """Ask for an address with the session's cookie, as a script of anybody's could."""
    options = {"method": "GET", "max_redirects": 0, **options}
    return page.request.fetch(f"{console.ecs}/console/{path}", **options)  # type: ignore[arg-type]


def test_a_bucket_is_made_and_deleted(member: Visitor, console: Service) -> None:
    page = member.page
    member.open("buckets")
    page.get_by_label("Name: 3 to 63").fill("aa--")
    page.get_by_label("Name: 3 to 63").evaluate("field => { field.pattern = '.*'; }")
    page.get_by_role("button", name="Make").click()
    expect(page.get_by_role("alert")).to_contain_text("InvalidBucketName")
    refused(member, 400)

    page.get_by_label("Name: 3 to 63").fill("short-lived")
    page.get_by_label("Region").select_option("cn-beijing")
    page.get_by_role("button", name="Make").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("short-lived")
    expect(page.locator(".bar")).to_contain_text("cn-beijing")
    expect(page.get_by_text("Nothing is here yet")).to_be_visible()

    console.put("short-lived", "kept.raw", b"disk")
    page.get_by_role("link", name="Delete the bucket").click()
    page.get_by_role("button", name="Delete the bucket").click()
    expect(page.get_by_role("alert")).to_contain_text("BucketNotEmpty")
    refused(member, 409)
    page.get_by_role("link", name="Back").click()
    page.get_by_label("Choose kept.raw").check()
    page.get_by_role("button", name="Delete chosen").click()
    page.get_by_role("button", name="Delete 1 now").click()
    expect(page.get_by_text("Nothing is here yet")).to_be_visible()
    page.get_by_role("link", name="Delete the bucket").click()
    page.get_by_role("button", name="Delete the bucket").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Buckets")
    expect(page.get_by_text("short-lived")).to_have_count(0)


def test_an_object_is_imported_exported_and_deleted(
    member: Visitor, console: Service, tmp_path: Path
) -> None:
    page = member.page
    raw, packed = tmp_path / "disk.raw", tmp_path / "disk.qcow2"
    raw.write_bytes(BOOT_SECTOR + Random(6).randbytes(20 * MIB - 512))
    run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, packed], check=True)
    console.put("golden", "nightly/Disk 1.qcow2", packed)

    member.open("buckets/golden")
    page.get_by_role("link", name="nightly").click()
    page.get_by_role("link", name="Import Disk 1.qcow2").click()
    expect(page.get_by_label("Name of the image")).to_have_value("Disk-1")
    expect(page.get_by_label("Format")).to_have_value("QCOW2")
    expect(page.get_by_label("Size in GiB")).to_have_value("1")
    expect(page.get_by_text(f"{20 * MIB}")).to_be_visible()
    page.get_by_label("Name of the image").fill("x")
    page.get_by_role("button", name="Import").click()
    name = page.get_by_label("Name of the image")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description(re.compile("2"))
    refused(member, 400)
    page.get_by_label("Name of the image").fill("round-trip")
    page.get_by_role("button", name="Import").click()
    page.wait_for_url("**/console/tasks/t-*")

    member.open("images")
    page.get_by_role("link", name="round-trip").click()
    # The page moves by itself until the image is there.
    expect(page.locator("#live .summary")).to_contain_text("Available", timeout=TASK_MS)
    expect(page.locator("#live")).to_contain_text("SHA-256 of the object")
    page.get_by_role("link", name="Export").click()
    page.get_by_label("Format").select_option("raw")
    page.get_by_label("Prefix").fill("back")
    page.get_by_role("button", name="Export").click()
    page.wait_for_url("**/console/tasks/t-*")
    expect(page.locator("#summary")).to_contain_text("Finished", timeout=TASK_MS)

    member.open("buckets/golden?begins=back_")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download back_").click()
    assert Path(download.value.path()).read_bytes() == raw.read_bytes()

    member.open("images")
    page.get_by_role("link", name="round-trip").click()
    expect(page.get_by_role("link", name="Export image")).to_be_visible()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete the image").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Images")
    expect(page.get_by_text("round-trip")).to_have_count(0)


def test_several_objects_are_imported_as_one_image(
    browser: Browser, console: Service, tmp_path: Path
) -> None:
    data = tmp_path / "data.qcow2"
    run(["qemu-img", "create", "-q", "-f", "qcow2", data, "2M"], check=True)
    console.put("several", "a-data.qcow2", data)
    console.put("several", "b-system.raw", BOOT_SECTOR.ljust(MIB, b"\0"))
    console.put("several", "c-other.raw", BOOT_SECTOR.ljust(MIB, b"\1"))
    phone = {"viewport": {"width": 360, "height": 740}, "locale": "zh-CN", "color_scheme": "dark"}
    with visitor(browser, console, **phone) as somebody:
        somebody.sign_in()
        page = somebody.page
        somebody.open("buckets/several")
        for name in ("a-data.qcow2", "b-system.raw", "c-other.raw"):
            page.get_by_label(f"选择 {name}").check()
        page.get_by_role("button", name="导入为一个镜像").click()
        page.wait_for_url("**/import?key=*")
        page.get_by_role("link", name="移除 c-other.raw").click()
        assert somebody.grave_findings() == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        system, other = page.get_by_role("region").all()
        expect(other).to_contain_text("b-system.raw")

        page.get_by_role("button", name="将 b-system.raw 上移").focus()
        page.keyboard.press("Enter")
        expect(system).to_contain_text("b-system.raw")
        expect(system.get_by_label("大小")).to_have_value("1")
        expect(other.get_by_label("格式")).to_have_value("QCOW2")
        other.get_by_label("设备").fill("dev")
        page.get_by_label("镜像名称").fill("several-1")
        page.keyboard.press("Enter")

        expect(other.get_by_label("设备")).to_have_attribute("aria-invalid", "true")
        expect(other.locator(".problem")).to_be_visible()
        assert all("400" in error for error in somebody.errors)
        somebody.errors.clear()
        other.get_by_label("设备").fill("/dev/vdb")
        page.get_by_role("button", name="导入", exact=True).click()
        page.wait_for_url("**/console/tasks/t-*")
        expect(page.locator("#summary")).to_contain_text("已完成", timeout=TASK_MS)

    [image] = console.call("DescribeImages", ImageName="several-1")["Images"]["Image"]
    disks = image["DiskDeviceMappings"]["DiskDeviceMapping"]
    assert [(disk["Device"], disk["ImportOSSObject"]) for disk in disks] == [
        ("/dev/xvda", "b-system.raw"),
        ("/dev/vdb", "a-data.qcow2"),
    ]


def test_what_cannot_be_imported_says_why(member: Visitor, console: Service) -> None:
    console.put("golden", "empty.raw", b"")
    console.put("golden", "notes.txt", b"just text".ljust(512))
    page = member.page
    member.open("buckets/golden")
    page.get_by_role("link", name="Import empty.raw").click()
    expect(page.get_by_role("alert")).to_contain_text("The image has 0 bytes.")
    expect(page.get_by_role("button", name="Import")).to_have_count(0)

    member.open("buckets/golden")
    page.get_by_role("link", name="Import notes.txt").click()
    expect(page.get_by_text("It looks like no disk")).to_be_visible()
    expect(page.get_by_role("button", name="Import")).to_be_visible()


def test_a_bucket_is_looked_through_by_folders_pages_and_names(
    member: Visitor, console: Service
) -> None:
    store = FolderStore(console.data_dir / "buckets")
    console.make_bucket("large")
    for number in range(103):
        store.bucket("large").put(f"x/{number:03}.raw", [b"disk"])
    page = member.page
    member.open("buckets/large")
    page.get_by_role("link", name="x/").click()
    expect(page.locator("tbody tr")).to_have_count(100)
    page.get_by_role("link", name="Next page").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    page.reload()
    expect(page.locator("tbody tr").first).to_contain_text("100.raw")
    page.get_by_role("link", name="First page").click()
    page.wait_for_url("**/large?prefix=x%2F")

    page.keyboard.press("/")
    page.keyboard.type("10")
    expect(page.locator("tbody tr")).to_have_count(3)
    page.wait_for_url("**/large?prefix=x%2F&begins=10")
    page.get_by_role("navigation", name="Folders").get_by_role("link", name="large").click()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_hostile_name_is_text_and_its_bytes_are_a_file(member: Visitor, console: Service) -> None:
    script = b"<script>alert(1)</script>"
    store = FolderStore(console.data_dir / "buckets")
    console.make_bucket("hostile")
    store.bucket("hostile").put(HOSTILE, [script], content_type="text/html")
    page = member.page
    member.open(f"buckets/hostile?prefix={quote('a/../<script>alert(1)</')}")
    row = page.locator("tbody tr")
    expect(row).to_contain_text("script>\u202e?&#%2e\"'.html")
    with page.expect_download() as download:
        row.get_by_role("link", name="Download").click()
    assert Path(download.value.path()).read_bytes() == script

    reply = fetch(page, console, f"buckets/hostile/download?key={quote(HOSTILE, safe='')}")
    assert (reply.status, reply.body()) == (200, script)
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["content-disposition"].startswith("attachment; ")
    assert reply.headers["x-content-type-options"] == "nosniff"

    row.get_by_role("checkbox").check()
    page.get_by_role("button", name="Delete chosen").click()
    expect(page.locator(".chosen")).to_contain_text("<script>alert(1)</script>")
    page.get_by_role("button", name="Delete 1 now").click()
    expect(page.get_by_text("Nothing is here yet")).to_be_visible()


def test_downloads_have_ranges_and_say_what_is_missing(member: Visitor, console: Service) -> None:
    console.put("golden", "ten.raw", b"0123456789")
    page = member.page
    address = "buckets/golden/download?key=ten.raw"

    part = fetch(page, console, address, headers={"range": "bytes=2-4"})
    head = fetch(page, console, address, method="HEAD")
    missing = fetch(page, console, "buckets/golden/download?key=none.raw")

    assert (part.status, part.body()) == (206, b"234")
    assert part.headers["content-range"] == "bytes 2-4/10"
    assert (head.status, head.headers["content-length"]) == (200, "10")
    assert (missing.status, "NoSuchKey" in missing.text()) == (404, True)
    assert fetch(page, console, "buckets/golden/download?key=none", method="HEAD").status == 404
    assert fetch(page, console, "buckets/golden/download").status == 404


def test_only_the_consoles_own_pages_may_upload(member: Visitor, console: Service) -> None:
    console.make_bucket("golden")
    page = member.page
    member.open("buckets/golden")
    token = page.locator("#upload").get_attribute("data-token") or ""
    address = "buckets/golden/upload?key=new.raw"
    ours = {"x-form-token": token}

    def status(path: str, headers: dict[str, str], method: str = "POST") -> int:
        return fetch(page, console, path, method=method, headers=headers).status

    assert status(f"{address}&uploads", {}) == 403
    assert status(f"{address}&uploads", {"x-form-token": "wrong"}) == 403
    assert status(f"{address}&uploads", {**ours, "origin": "http://evil.example"}) == 403
    assert status(f"{address}&uploads", {**ours, "sec-fetch-site": "cross-site"}) == 403
    # Nothing but uploads in parts goes this way.
    assert status(address, ours, "PUT") == 404
    assert status(address, ours, "DELETE") == 404
    assert status(f"{address}&uploads", ours) == 200
    assert console.uploads("golden") == ["new.raw"]


def test_buckets_of_others_are_not_there(member: Visitor, console: Service) -> None:
    other = create_account(console, "other")
    store = FolderStore(console.data_dir / "buckets")
    theirs = store.create_bucket("theirs", region="cn-hangzhou", owner=other.account_id)
    theirs.put("secret.raw", [b"secret"])
    page = member.page
    member.open("buckets/theirs")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such bucket")
    token = page.locator("input[name=form_token]").first.get_attribute("value") or ""
    member.open("buckets")
    expect(page.get_by_text("theirs")).to_have_count(0)
    refused(member, 404)

    ours = {"x-form-token": token}
    form = {"form_token": token, "key": "secret.raw", "sure": "1"}
    assert fetch(page, console, "buckets/theirs/download?key=secret.raw").status == 403
    assert fetch(page, console, "buckets/theirs/import?key=secret.raw").status == 404
    for path, options in (
        ("upload?key=x&uploads", {"headers": ours}),
        ("delete-objects", {"form": form}),
        ("delete", {"form": form}),
    ):
        reply = fetch(page, console, f"buckets/theirs/{path}", method="POST", **options)
        assert reply.status == 403, path
    reply = fetch(page, console, "buckets/theirs/import", method="POST", form=form)
    assert reply.status == 404
    assert [stored.key for stored in theirs.list()] == ["secret.raw"]
    assert theirs.uploads() == []
