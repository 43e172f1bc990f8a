from __future__ import annotations

from imageferry.actions.describe_images import DescribeImagesRequest
from imageferry.actions.import_request import ImportImageRequest
from imageferry.console.samples.values import Struct, nested


def test_numbered_names_become_lists_of_structs_in_the_order_of_their_numbers() -> None:
    found = nested(
        ImportImageRequest,
        "ImportImageRequest",
        {
            "DiskDeviceMapping.10.OSSObject": "data.vhd",
            "DiskDeviceMapping.2.OSSObject": "system.vhd",
            "DiskDeviceMapping.2.DiskImageSize": "20",
        },
    )

    disk = "ImportImageRequestDiskDeviceMapping"
    assert found.members == {
        "DiskDeviceMapping": (
            Struct(disk, {"OSSObject": "system.vhd", "DiskImageSize": 20}),
            Struct(disk, {"OSSObject": "data.vhd"}),
        )
    }


def test_structs_and_lists_of_texts_are_nested_too() -> None:
    found = nested(ImportImageRequest, "ImportImageRequest", {"Features.NvmeSupport": "supported"})

    features = Struct("ImportImageRequestFeatures", {"NvmeSupport": "supported"})
    assert found == Struct("ImportImageRequest", {"Features": features})


def test_values_have_the_types_of_their_declaration() -> None:
    found = nested(
        DescribeImagesRequest,
        "DescribeImagesRequest",
        {"PageSize": "20", "Usable": "True", "ImageName": "20"},
    )

    assert found.members == {"PageSize": 20, "Usable": True, "ImageName": "20"}


def test_what_the_declaration_does_not_allow_stays_text() -> None:
    found = nested(
        DescribeImagesRequest, "DescribeImagesRequest", {"PageSize": "many", "Usable": "perhaps"}
    )

    assert found.members == {"PageSize": "many", "Usable": "perhaps"}


def test_what_nobody_declares_is_left_out() -> None:
    found = nested(DescribeImagesRequest, "DescribeImagesRequest", {"Colour": "red", "Tag.x": "1"})

    assert found.members == {}
