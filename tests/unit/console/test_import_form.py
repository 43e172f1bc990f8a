"""The form of an import: what it proposes, and what it asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from imageferry.actions.image_error_codes import INVALID_DATA_DISK_SIZE, INVALID_IMAGE_NAME
from imageferry.console.import_disks import most_disks
from imageferry.console.import_form import ImportForm, proposed_name
from imageferry.console.storage import Inspection, Refusal, StoredObject
from imageferry.console.visit import Visit
from support.catalogue import REGION, Gateway, OneBucket
from support.visits import NOW, backend, text, visit

OBJECT = StoredObject("disk.raw", 2**20, NOW)
TOO_SMALL = "DiskDeviceMapping.2.DiskImageSize is 1: give at least 2."
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


@dataclass
class Objects(OneBucket):
    """A bucket of several objects."""

    found: Sequence[Inspection] = ()

    def inspect(self, _name: str, key: str) -> Inspection | None:
        """What an object is."""
        return next((one for one in self.found if one.object.key == key), None)


def of_several(gateway: Gateway | None = None, **others: Any) -> ImportForm:
    found = [
        Inspection(object=StoredObject(f"{name}.raw", 1, NOW), format=kind, virtual_size=size << 30)
        for name, kind, size in (("system", "RAW", 1), ("data", "QCOW2", 2), ("logs", "VHD", 3))
    ]
    return ImportForm(backend(buckets=Objects(found=found), call=gateway, **others))


def several(*names: str, **fields: str) -> Visit:
    """A form of several objects that is sent."""
    asked = visit(form={"form_token": "x", "RegionId": REGION} | fields, bucket="golden")
    return replace(asked, form={**asked.form, "key": [f"{name}.raw" for name in names]})


def values(shown: str) -> dict[str, str]:
    """What the fields of disks are filled in with."""
    inputs = re.findall(r'name="(DiskDeviceMapping\.\d\.\w+)" value="([^"]*)"', shown)
    chosen = re.findall(
        r'name="(DiskDeviceMapping\.\d\.\w+)" form="import">.*?<option selected>(\w+)',
        shown,
        re.DOTALL,
    )
    return dict(inputs + chosen)


@pytest.mark.parametrize(("language", "system"), [("en", "System disk"), ("zh", "系统盘")])
def test_several_objects_are_disks_of_one_image(language: str, system: str) -> None:
    address = "key=system.raw&key=data.raw"
    asked = visit(query={}, language=language, bucket="golden")
    asked.request.scope["query_string"] = address.encode()

    shown = text(of_several().show(asked))

    assert values(shown) == {
        "DiskDeviceMapping.1.Format": "RAW",
        "DiskDeviceMapping.1.DiskImageSize": "1",
        "DiskDeviceMapping.1.Device": "/dev/xvda",
        "DiskDeviceMapping.2.Format": "QCOW2",
        "DiskDeviceMapping.2.DiskImageSize": "2",
        "DiskDeviceMapping.2.Device": "/dev/xvdb",
    }
    assert shown.index(system) < shown.index("system.raw</bdi>")
    assert 'href="/console/buckets/golden/import?key=data.raw"' in shown


def test_a_disk_is_moved_up_with_what_was_filled_in() -> None:
    sent = several(
        *("system", "data", "logs"),
        **{
            "up": "3",
            "ImageName": "golden",
            "DiskDeviceMapping.2.DiskImageSize": "20",
            "DiskDeviceMapping.2.Device": "/dev/vdb",
            "DiskDeviceMapping.3.DiskImageSize": "30",
            "DiskDeviceMapping.3.Device": "/dev/vdc",
        },
    )

    shown = text(of_several().start(sent))

    filled = values(shown)
    assert (filled["DiskDeviceMapping.2.DiskImageSize"], filled["DiskDeviceMapping.2.Device"]) == (
        "30",
        "/dev/vdb",
    )
    assert (filled["DiskDeviceMapping.3.DiskImageSize"], filled["DiskDeviceMapping.3.Device"]) == (
        "20",
        "/dev/vdc",
    )
    assert 'name="ImageName" value="golden"' in shown
    assert re.findall(r'name="key" value="(\w+)', shown) == ["system", "logs", "data"]
    assert 'value="2" formnovalidate autofocus' in shown


def test_several_disks_are_imported_in_their_order() -> None:
    gateway = Gateway({"TaskId": "t-1"})

    of_several(gateway).start(several("data", "system", **{"DiskDeviceMapping.2.Format": "RAW"}))

    assert gateway.calls[0][1] == {
        "RegionId": REGION,
        "DiskDeviceMapping.2.Format": "RAW",
        "DiskDeviceMapping.1.OSSBucket": "golden",
        "DiskDeviceMapping.1.OSSObject": "data.raw",
        "DiskDeviceMapping.2.OSSBucket": "golden",
        "DiskDeviceMapping.2.OSSObject": "system.raw",
    }


def test_what_is_wrong_is_said_beside_the_field() -> None:
    gateway = Gateway(refusal=replace(INVALID_DATA_DISK_SIZE, remedy=TOO_SMALL))
    form = of_several(gateway)
    size = "DiskDeviceMapping.2.DiskImageSize"

    shown = text(form.start(several("system", "data", **{size: "1"})))
    local = text(of_several(problem="it is odd").start(several("system", ImageName="-")))

    assert f'name="{size}" value="1" form="import" min="1" aria-invalid="true"' in shown
    assert f'id="{size}.problem"' in shown
    assert TOO_SMALL in shown.partition(f'id="{size}.problem"')[2]
    assert 'id="ImageName.problem"' in local
    assert "It is odd." in local


def test_an_image_has_only_so_many_disks() -> None:
    most = most_disks()

    for names in ([], [str(number) for number in range(most + 1)]):
        assert of_several().choose(several(*names)).status_code == 400
    led = of_several().choose(several("system", "data"))
    assert led.headers["location"] == ("/console/buckets/golden/import?key=system.raw&key=data.raw")


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
