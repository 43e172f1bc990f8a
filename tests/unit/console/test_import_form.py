"""The form of an import: what it proposes, and what it asks for."""

from __future__ import annotations

import pytest

from imageferry.actions.image_error_codes import INVALID_IMAGE_NAME
from imageferry.console.import_form import ImportForm, proposed_name
from imageferry.console.storage import Inspection, Refusal, StoredObject
from support.catalogue import REGION, Gateway, OneBucket
from support.visits import NOW, backend, text, visit

OBJECT = StoredObject("disk.raw", 2**20, NOW)
FORM = {
    "key": "disk.raw",
    "RegionId": REGION,
    "ImageName": " golden ",
    "DiskDeviceMapping.1.Format": "RAW",
    "DiskDeviceMapping.1.DiskImageSize": "",
    "DryRun": "true",
}


def form(inspection: Inspection, gateway: Gateway | None = None) -> ImportForm:
    return ImportForm(backend(buckets=OneBucket(inspection), call=gateway))


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("debian-13.qcow2", "debian-13"),
        ("folder/sub/Debian 13 (golden).raw.tar.gz", "Debian-13-golden"),
        ("42_disk.VHDX", "disk"),
        ("镜像.vmdk", "镜像"),
        ("<script>alert(1)</script>.img", "script"),
        ("a.raw", ""),
        (".qcow2", ""),
        ("disk", "disk"),
        ("x" * 1000, "x" * 128),
    ],
)
def test_a_name_is_proposed_by_the_rules_for_names(key: str, name: str) -> None:
    assert proposed_name(key) == name


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_form_is_filled_in_with_what_was_found(language: str) -> None:
    found = Inspection(object=OBJECT, format="QCOW2", virtual_size=2**30 + 1, packaging="gzip")
    asked = visit(query={"key": "disk.raw"}, language=language, bucket="golden")

    shown = text(form(found).show(asked))

    assert "<option selected>QCOW2</option>" in shown
    assert 'name="DiskDeviceMapping.1.DiskImageSize" value="2"' in shown
    assert 'name="ImageName" value="disk"' in shown
    assert "gzip" in shown


def test_what_is_not_known_yet_is_left_to_the_service() -> None:
    found = Inspection(object=OBJECT, packaging="zstd")

    shown = text(form(found).show(visit(query={"key": "disk.raw"}, bucket="golden")))

    assert 'name="DiskDeviceMapping.1.DiskImageSize" value=""' in shown
    assert "Known once it is unpacked" in shown
    assert "<option selected>QCOW2" not in shown


def test_what_is_refused_has_no_form() -> None:
    refusal = Refusal("InvalidImageFormat.BackingFile", "It names <base>.", "Flatten it.")

    shown = text(
        form(Inspection(object=OBJECT, refusal=refusal)).show(
            visit(query={"key": "disk.raw"}, bucket="golden")
        )
    )

    assert "It names &lt;base&gt;." in shown
    assert "/console/errors/codes/InvalidImageFormat.BackingFile" in shown
    assert 'name="ImageName"' not in shown


def test_an_import_leads_to_its_task() -> None:
    gateway = Gateway({"TaskId": "t-1"})
    found = Inspection(object=OBJECT, format="RAW", virtual_size=2**20)

    response = form(found, gateway).start(visit(form=FORM, bucket="golden"))

    assert response.headers["location"] == "/console/tasks/t-1"
    assert gateway.calls == [
        (
            "ImportImage",
            {
                "RegionId": REGION,
                "ImageName": "golden",
                "DiskDeviceMapping.1.Format": "RAW",
                "DiskDeviceMapping.1.OSSBucket": "golden",
                "DiskDeviceMapping.1.OSSObject": "disk.raw",
            },
        )
    ]


def test_a_form_that_is_refused_keeps_what_was_filled_in() -> None:
    found = Inspection(object=OBJECT, format="RAW", virtual_size=2**20)

    response = form(found, Gateway(refusal=INVALID_IMAGE_NAME)).start(
        visit(form=FORM | {"ImageName": '"<b>'}, bucket="golden")
    )

    assert response.status_code == 409
    assert "InvalidImageName.Malformed" in text(response)
    assert 'value="&#34;&lt;b&gt;"' in text(response)


def test_only_objects_that_are_there_are_imported() -> None:
    imports = form(Inspection(object=OBJECT), Gateway())

    for bucket, key in (("theirs", "disk.raw"), ("golden", "other.raw")):
        assert imports.show(visit(query={"key": key}, bucket=bucket)).status_code == 404
        sent = visit(form=FORM | {"key": key}, bucket=bucket)
        assert imports.start(sent).status_code == 404
