from __future__ import annotations

from collections.abc import Mapping

import pytest

from imageferry.actions.declaration import Field, Model
from imageferry.actions.describe_images import DescribeImagesRequest
from imageferry.actions.import_request import ImportImageRequest
from imageferry.actions.registry import PRODUCTS
from imageferry.console.explorer_form import Form, Group, Input, with_another, without
from imageferry.gateway.values import BrokenRuleError, parse

DISK = "DiskDeviceMapping.1"


def check(field: Field, text: str) -> str:
    try:
        parse(field, text)
    except BrokenRuleError as broken:
        return str(broken)
    return ""


def sent(model: type[Model], values: Mapping[str, str]) -> Form:
    return Form(model, values, check, shows_problems=True)


def found(form: Form, name: str) -> Input:
    return next(item for item in form.inputs() if item.name == name)


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.name)
def test_the_examples_of_all_actions_fit_their_forms(product: object) -> None:
    for action in product.actions.values():  # type: ignore[attr-defined]
        form = sent(action.request, action.example)
        assert form.parameters == action.example, action.name
        assert form.problems == 0, action.name


def test_what_is_wrong_is_said_of_every_value() -> None:
    form = sent(
        DescribeImagesRequest, {"PageSize": "1000", "PageNumber": "first", "OSType": "plan9"}
    )

    assert form.problems == 4
    assert found(form, "RegionId").is_missing
    assert found(form, "PageSize").problem == "send a whole number from 1 to 100"
    assert found(form, "PageNumber").problem == "send a whole number of 1 or more"
    assert found(form, "OSType").problem == "send one of windows, linux"


def test_nothing_is_wrong_before_somebody_tries() -> None:
    form = Form(DescribeImagesRequest, {"PageSize": "1000"}, check, shows_problems=False)

    assert form.problems == 0


def test_a_part_of_an_item_is_missed_only_where_the_item_is_used() -> None:
    values = {"RegionId": "cn-hangzhou", "Tag.1.Key": "", "Tag.1.Value": ""}

    assert sent(ImportImageRequest, values).problems == 0
    assert found(sent(ImportImageRequest, values | {"Tag.1.Value": "x"}), "Tag.1.Key").is_missing


def test_choices_are_those_of_the_declaration() -> None:
    form = sent(DescribeImagesRequest, {})

    assert found(form, "OSType").choices == ("windows", "linux")
    assert found(form, "DryRun").choices == ("true", "false")
    assert found(form, "ImageName").choices == ()


def test_items_are_added_and_taken_away() -> None:
    values = with_another({f"{DISK}.OSSObject": "a"}, "DiskDeviceMapping")
    values["DiskDeviceMapping.2.OSSObject"] = "b"
    values = with_another(values, "DiskDeviceMapping")
    values["DiskDeviceMapping.3.OSSObject"] = "c"

    assert [item.number for item in _disks(values).items] == [1, 2, 3]
    assert without(values, "DiskDeviceMapping.2") == {
        "DiskDeviceMapping.1.OSSObject": "a",
        "DiskDeviceMapping.2": "",
        "DiskDeviceMapping.2.OSSObject": "c",
    }


def test_a_number_that_no_list_reaches_is_left_alone() -> None:
    values = {f"DiskDeviceMapping.{'9' * 5000}": "a", "DiskDeviceMapping.2": "b"}

    assert without(values, "DiskDeviceMapping.2") == {f"DiskDeviceMapping.{'9' * 5000}": "a"}


def test_a_list_grows_no_longer_than_it_may() -> None:
    assert _disks({"DiskDeviceMapping.16.OSSObject": "x"}).may_grow
    assert not _disks({"DiskDeviceMapping.17.OSSObject": "x"}).may_grow
    assert len(_disks({"DiskDeviceMapping.9999.OSSObject": "x"}).items) == 17


def _disks(values: Mapping[str, str]) -> Group:
    form = Form(ImportImageRequest, values, check, shows_problems=False)
    return next(
        row for row in form.rows if isinstance(row, Group) and row.name == "DiskDeviceMapping"
    )
