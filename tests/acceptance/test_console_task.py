"""The page of one task in a real browser, and running a failed one again."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from playwright.sync_api import expect

from imageferry.database.metadata import now
from imageferry.images import queries as images
from imageferry.images.model import ImageStatus
from imageferry.tasks import notes, transitions
from imageferry.tasks.model import DiskStatus, Phase
from imageferry.tasks.notes import DiskBytes
from imageferry.tasks.tables import task_samples
from support.browser import Visitor
from support.rows import Rows
from support.service import Service

OWNER = "worker"


def test_a_task_is_followed_to_its_end(member: Visitor, rows: Rows) -> None:
    task_id = rows.task(
        request={"ImageName": "golden", "DiskDeviceMapping": [{"OSSObject": "disk.raw"}]},
        disks=[[("OSSObject", "disk.raw")], [("OSSObject", "data.raw"), ("Warning", "Beware.")]],
    )
    member.open(f"tasks/{task_id}")
    page = member.page
    summary = page.locator("#summary")
    expect(summary).to_contain_text("Place 1 in the queue")
    expect(summary).to_contain_text("Priority 5")
    expect(summary).to_contain_text("Share 1: accounts take turns")
    expect(page.get_by_text("DiskDeviceMapping.1.OSSObject")).to_be_visible()
    expect(page.locator("#outcome")).to_contain_text("Disk 2: Beware.")

    assert rows.change(transitions.claim, task_id, OWNER)
    assert rows.change(transitions.enter_phase, task_id, OWNER, Phase.TRANSFER)
    expect(summary).to_contain_text("Transferring")
    add_samples(rows, task_id)
    expect(page.get_by_role("img", name="Peak 3.0 MiB/s, average 2.0 MiB/s")).to_be_visible()
    items = [("SHA256", "5e1f"), ("ObjectSize", "1048576")]
    arguments = {"status": DiskStatus.SUCCESS, "related_items": items}
    assert rows.change(transitions.record_disk, task_id, 1, OWNER, **arguments)
    expect(page.locator("#disk-1")).to_contain_text("1048576 (1.0 MiB)")
    expect(page.locator("#disk-1")).to_contain_text("Done")
    assert rows.change(transitions.finish, task_id, OWNER)

    expect(page.locator("#events li")).to_have_count(3)
    expect(page.locator("#events")).to_contain_text("Finished")
    expect(page.get_by_role("link", name="Cancel")).to_have_count(0)
    assert member.grave_findings() == []


def add_samples(rows: Rows, task_id: str) -> None:
    begin = now() - timedelta(seconds=60)
    values = [
        {"task_id": task_id, "time": begin + timedelta(seconds=number), "bytes_per_second": rate}
        for number, rate in enumerate((2**20, 2 * 2**20, 3 * 2**20))
    ]
    rows.change(sa.Connection.execute, sa.insert(task_samples), values)


def test_a_failure_says_what_it_means_and_can_be_tried_again(
    member: Visitor, console: Service, rows: Rows
) -> None:
    console.put("golden", "disk.raw", b"\x01" * 4096)
    image_id, task_id = console.import_image(
        "golden", "disk.raw", ImageName="again-1", **{"Tag.1.Key": "team", "Tag.1.Value": "a b"}
    )
    assert rows.change(transitions.claim, task_id, OWNER)
    message = "There is no space. <b>Make room.</b>"
    fail = transitions.fail
    assert rows.change(fail, task_id, "ConversionFailed.InsufficientSpace", message, owner=OWNER)
    member.open(f"tasks/{task_id}")
    page = member.page
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("ConversionFailed.InsufficientSpace")
    expect(alert).to_contain_text("<b>Make room.</b>")
    expect(alert).to_contain_text("What to do")

    # The name is taken until the image's row has followed its task.
    page.get_by_role("button", name="Run it again").click()
    expect(page.get_by_role("heading")).to_have_text("The task could not be started")
    assert all("409" in error for error in member.errors)
    member.errors.clear()
    rows.change(images.set_status, image_id, ImageStatus.CREATE_FAILED)
    member.open(f"tasks/{task_id}")
    page.get_by_role("button", name="Run it again").click()

    page.wait_for_function("id => !location.pathname.includes(id)", arg=task_id)
    again = rows.find(page.url.rsplit("/", 1)[-1])
    assert again.request == rows.find(task_id).request
    assert again.task_id != task_id


def test_one_task_is_cancelled_from_its_page(member: Visitor, rows: Rows) -> None:
    task_id = rows.task()
    member.open(f"tasks/{task_id}")
    member.page.get_by_role("link", name="Cancel").click()
    member.page.get_by_label("Reason").fill("Not needed")
    member.page.get_by_role("button", name="Cancel 1 now").click()

    expect(member.page.get_by_text("Why it was cancelled")).to_be_visible()
    expect(member.page.locator("#outcome")).to_contain_text("Not needed")
    assert rows.find(task_id).cancel_reason == "Not needed"


def test_what_is_unfolded_of_a_disk_stays_so(member: Visitor, rows: Rows) -> None:
    task_id = rows.claimed(OWNER, disks=[[("OSSObject", f"{number}.raw")] for number in range(4)])
    rows.change(transitions.enter_phase, task_id, OWNER, Phase.TRANSFER)
    member.open(f"tasks/{task_id}")
    disk = member.page.locator("#disk-2")
    expect(disk.get_by_text("1.raw")).to_be_hidden()
    disk.get_by_text("What is known of it").click()
    expect(disk.get_by_text("1.raw")).to_be_visible()

    rows.change(notes.record_disks, task_id, {2: DiskBytes(2**30, 2**32)})

    expect(disk).to_contain_text("1.0 GiB of 4.0 GiB")
    expect(disk.get_by_text("1.raw")).to_be_visible()
    assert member.grave_findings() == []


def test_a_page_says_that_it_does_not_move_until_it_does(member: Visitor, rows: Rows) -> None:
    task_id = rows.task()
    page = member.page
    page.route("**/stream", lambda route: route.abort())
    member.open(f"tasks/{task_id}")
    note = page.locator("#not-live")
    expect(note).to_contain_text("The service does not answer")

    page.unroute_all()
    rows.change(transitions.claim, task_id, OWNER)

    expect(note).to_be_hidden()
    expect(page.locator("#summary")).to_contain_text("Running")
    member.errors.clear()
