"""The pages of images, and the calls that are made from there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from imageferry.actions.image_error_codes import INVALID_IMAGE_ID_NOT_FOUND
from imageferry.console.catalogue import ImageDetails, ImageTask, Share, Use
from imageferry.console.image_list import ImageList
from imageferry.console.image_page import ImagePages
from imageferry.console.image_tasks import ImageTasks
from imageferry.console.interface import Backend
from support.catalogue import DISK, REGION, Gateway, OneBucket, OneImage, image
from support.visits import NOW, backend, text, visit

HOSTILE = "<script>alert(1)</script>"
WHICH = {"RegionId": REGION, "ImageId": "m-1"}
RESOURCE = {"RegionId": REGION, "ResourceType": "image", "ResourceId.1": "m-1"}


def service(gateway: Gateway | None = None, **details: Any) -> Backend:
    parts: dict[str, Any] = {"image": image(), "shares": [], "tasks": [], "copies": [], **details}
    images = OneImage(ImageDetails(**parts))
    return backend(images=images, buckets=OneBucket(), call=gateway)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_shows_all_that_is_known(language: str) -> None:
    shown = text(
        ImagePages(
            service(
                image=image(name=HOSTILE, tags={HOSTILE: "a"}, copied_from="m-0"),
                shares=[Share("42", NOW)],
                tasks=[ImageTask("t-9", "ExportImage", "Finished", NOW, [("out", HOSTILE)])],
                copies=[image(image_id="m-2", status="Creating")],
            )
        ).show(visit(language=language, image_id="m-1"))
    )

    for part in ("5e1f", "c0de", "/tasks/t-9", "/images/m-0", "/images/m-2", "no boot loader"):
        assert part in shown
    assert HOSTILE not in shown
    assert "&lt;script&gt;" in shown
    assert "hx-trigger" not in shown


def test_a_page_moves_while_its_image_is_made() -> None:
    pages = ImagePages(service(image=image(status="Creating", percent=42)))

    shown = text(pages.show(visit(image_id="m-1")))

    assert 'hx-trigger="every 1s"' in shown
    assert "42%" in shown
    assert "/export" not in shown


@pytest.mark.parametrize(
    ("form", "action", "parameters"),
    [
        (
            {"key": " team ", "value": "a"},
            "TagResources",
            {"Tag.1.Key": "team", "Tag.1.Value": "a"},
        ),
        ({"remove": " team "}, "UntagResources", {"TagKey.1": " team "}),
    ],
)
def test_tags_are_changed_by_calls(
    form: dict[str, str], action: str, parameters: dict[str, str]
) -> None:
    gateway = Gateway()

    response = ImagePages(service(gateway)).change_tags(visit(form=form, image_id="m-1"))

    assert (response.status_code, response.headers["location"]) == (303, "/console/images/m-1")
    assert gateway.calls == [(action, RESOURCE | parameters)]


@pytest.mark.parametrize(
    ("form", "parameters"),
    [({"account": " 42 "}, {"AddAccount.1": "42"}), ({"remove": "42"}, {"RemoveAccount.1": "42"})],
)
def test_shares_are_changed_by_calls(form: dict[str, str], parameters: dict[str, str]) -> None:
    gateway = Gateway()

    ImagePages(service(gateway)).change_shares(visit(form=form, image_id="m-1"))

    assert gateway.calls == [("ModifyImageSharePermission", WHICH | parameters)]


def test_a_shared_image_is_deleted_after_its_shares_ten_at_a_time() -> None:
    gateway = Gateway()
    shares = [Share(str(number), NOW + timedelta(number)) for number in range(11)]

    pages = ImagePages(service(gateway, shares=shares))
    asked = text(pages.ask(visit(image_id="m-1")))
    response = pages.delete(visit(form={"unshare": "1"}, image_id="m-1"))

    assert "11 accounts" in asked
    assert response.status_code == 303
    names = [action for action, _ in gateway.calls]
    assert names == ["ModifyImageSharePermission", "ModifyImageSharePermission", "DeleteImage"]
    assert gateway.calls[1][1] == WHICH | {"RemoveAccount.1": "10"}


def test_a_refusal_says_why_and_leads_back() -> None:
    pages = ImagePages(service(Gateway(refusal=INVALID_IMAGE_ID_NOT_FOUND)))

    for response in (
        pages.delete(visit(form={}, image_id="m-1")),
        pages.change_tags(visit(form={"key": "a"}, image_id="m-1")),
    ):
        assert response.status_code == 409
        assert "InvalidImageId.NotFound" in text(response)
        assert 'href="/console/images/m-1"' in text(response)


@pytest.mark.parametrize("image_id", ["m-1", "m-none"])
def test_images_of_others_are_not_changed(image_id: str) -> None:
    gateway = Gateway()
    theirs = service(gateway, image=image(owner_id="42"))
    pages, forms = ImagePages(theirs), ImageTasks(theirs)
    sent, asked = visit(form={"unshare": "1"}, image_id=image_id), visit(image_id=image_id)

    changes = (pages.change_tags, pages.change_shares, pages.delete, forms.export, forms.copy)
    responses = [change(sent) for change in changes]
    responses += [page(asked) for page in (pages.ask, forms.export_form, forms.copy_form)]

    assert {response.status_code for response in responses} == {404}
    assert gateway.calls == []
    assert pages.show(asked).status_code == (200 if image_id == "m-1" else 404)


def test_an_export_leads_to_its_task() -> None:
    gateway = Gateway({"TaskId": "t-2"})
    forms = ImageTasks(service(gateway))
    form = {"bucket": "golden", "layout": "raw+none", "prefix": ""}

    shown = text(forms.export_form(visit(image_id="m-1")))
    response = forms.export(visit(form=form, image_id="m-1"))

    assert '<option value="qcow2+none" selected>' in shown
    assert response.headers["location"] == "/console/tasks/t-2"
    layout = {"OSSBucket": "golden", "ImageFormat": "raw", "Compression": "none"}
    assert gateway.calls == [("ExportImage", WHICH | layout)]


def test_a_copy_leads_to_its_image() -> None:
    gateway = Gateway({"ImageId": "m-2"})

    response = ImageTasks(service(gateway)).copy(
        visit(form={"region": "cn-beijing", "name": "copy"}, image_id="m-1")
    )

    assert response.headers["location"] == "/console/images/m-2"
    place = {"DestinationRegionId": "cn-beijing", "DestinationImageName": "copy"}
    assert gateway.calls == [("CopyImage", WHICH | place)]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_form_that_is_refused_keeps_what_was_filled_in(language: str) -> None:
    forms = ImageTasks(service(Gateway(refusal=INVALID_IMAGE_ID_NOT_FOUND)))
    form = {"layout": "vmdk+zlib", "bucket": "golden", "prefix": HOSTILE, "name": HOSTILE}
    sent = visit(form=form, language=language, image_id="m-1")

    export, copy = forms.export(sent), forms.copy(sent)

    assert (export.status_code, copy.status_code) == (409, 409)
    assert '<option value="vmdk+zlib" selected>' in text(export)
    for response in (export, copy):
        assert "InvalidImageId.NotFound" in text(response)
        assert 'value="&lt;script&gt;' in text(response)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_list_shows_images_and_what_is_used(language: str) -> None:
    shown_image = image(name=HOSTILE, status="Creating", owner_id="42", disks=[DISK, DISK])
    uses = [
        Use(name="images", detail=REGION, used=95, limit=100),
        Use(name="stored", used=3 * 2**30, in_bytes=True),
    ]
    images = OneImage(ImageDetails(shown_image, [], [], []), uses)
    asked = visit(language=language, query={"page": "2", "status": "Creating"})

    shown = text(ImageList(backend(images=images)).show(asked))

    assert images.asked[0][0].status == "Creating"
    assert images.asked[0][1] == 2
    assert HOSTILE not in shown
    assert "3.0 GiB" in shown
    assert 'class="full"' in shown
    assert 'hx-trigger="every 1s"' in shown
    assert "status=Creating&amp;page=3" in shown
    assert 'href="/console/images?status=Creating"' in shown
