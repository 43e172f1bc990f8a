"""Requests read from parameters by their declaration."""

from __future__ import annotations

from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imageferry.actions import error_codes
from imageferry.actions.declaration import Model, Parameter, numbered
from imageferry.actions.errors import ErrorCode, ServiceError
from imageferry.gateway.parameters import read

WRONG_SIZE = ErrorCode("WrongSize", 400, "{reason}", "The size is wrong.", "Correct it.")
NO_IDS = ErrorCode("NoIds", 404, "There are no ids.", "No id was sent.", "Send one.")


class Disk(Model, frozen=True, kw_only=True):
    oss_bucket: Annotated[str, Parameter(description="The bucket.", example="my-bucket")]
    size: Annotated[
        int | None,
        Parameter(
            description="GiB.", minimum=1, maximum=9, malformed=WRONG_SIZE, aliases=("DiskImSize",)
        ),
    ] = None


class Tag(Model, frozen=True, kw_only=True):
    key: Annotated[str, Parameter(description="The key.")]
    value: Annotated[str, Parameter(description="The value.", empty_is_absent=False)] = ""


class Features(Model, frozen=True, kw_only=True):
    nvme_support: Annotated[str | None, Parameter(description="NVMe.", allowed=("on", "off"))] = (
        None
    )


class ImportRequest(Model, frozen=True, kw_only=True):
    region_id: Annotated[str, Parameter(description="The region.", example="cn-hangzhou")]
    disk: Annotated[
        tuple[Disk, ...], Parameter(description="The disks.", max_items=2, excess_ignored=True)
    ]
    tag: Annotated[tuple[Tag, ...], Parameter(description="Tags.", max_items=2)] = ()
    ids: Annotated[tuple[str, ...], Parameter(description="Ids.")] = ()
    features: Annotated[Features | None, Parameter(description="Features.")] = None
    description: Annotated[
        str | None, Parameter(description="A text.", empty_is_absent=False, min_length=2)
    ] = None
    dry_run: Annotated[bool, Parameter(description="Only check.")] = False


class IdsRequest(Model, frozen=True, kw_only=True):
    resource_id: Annotated[tuple[str, ...], Parameter(description="Ids.")]
    features: Annotated[Features, Parameter(description="Features.")]


class ListRequest(Model, frozen=True, kw_only=True):
    resource_id: Annotated[tuple[str, ...], Parameter(description="Ids.", missing=NO_IDS)]


MINIMAL = {"RegionId": "r", "Disk.1.OSSBucket": "b"}


def _read(**changes: str) -> ImportRequest:
    more = {name.replace("__", "."): value for name, value in changes.items()}
    return read(ImportRequest, MINIMAL | more)


def _refusal(model: type[Model], parameters: dict[str, str]) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        read(model, parameters)
    return refused.value


def test_defaults() -> None:
    assert _read() == ImportRequest(region_id="r", disk=(Disk(oss_bucket="b"),))


def test_everything_at_once() -> None:
    request = read(
        ImportRequest,
        {
            "regionid": "r",
            "DISK.1.ossbucket": "b",
            "Disk.1.Size": "5",
            "Tag.2.Key": "two",
            "Tag.1.Key": "one",
            "Tag.1.Value": "1",
            "Ids.10": "ten",
            "Ids.9": "nine",
            "Features.NvmeSupport": "ON",
            "DryRun": "True",
            "Unknown": "ignored",
            "Disk.1.Unknown": "ignored",
        },
    )
    assert request == ImportRequest(
        region_id="r",
        disk=(Disk(oss_bucket="b", size=5),),
        tag=(Tag(key="one", value="1"), Tag(key="two")),
        ids=("nine", "ten"),
        features=Features(nvme_support="ON"),
        dry_run=True,
    )


def test_aliases_stand_in_but_the_name_wins() -> None:
    assert _read(Disk__1__DiskImSize="4").disk[0].size == 4
    assert _read(Disk__1__DiskImSize="4", Disk__1__Size="3").disk[0].size == 3
    assert _read(Disk__1__DiskImSize="4", Disk__1__Size="").disk[0].size == 4


def test_gaps_are_closed_in_order() -> None:
    request = read(
        ImportRequest, {"RegionId": "r", "Disk.7.OSSBucket": "b", "Disk.3.OSSBucket": "a"}
    )
    assert [disk.oss_bucket for disk in request.disk] == ["a", "b"]
    assert [(number, disk.oss_bucket) for number, disk in numbered(request.disk)] == [
        (3, "a"),
        (7, "b"),
    ]


def test_items_that_were_not_sent_are_numbered_from_1() -> None:
    assert list(numbered(("a", "b"))) == [(1, "a"), (2, "b")]


def test_empty_values_are_absent() -> None:
    request = _read(DryRun="", Ids__1="", Ids__2="x", Disk__1__Size="")
    assert request.dry_run is False
    assert request.ids == ("x",)
    assert request.disk[0].size is None


def test_empty_values_are_kept_where_they_mean_something() -> None:
    assert _read(Tag__1__Key="k", Tag__1__Value="").tag == (Tag(key="k", value=""),)
    error = _refusal(ImportRequest, MINIMAL | {"Description": ""})
    assert error.recommend == "Description is '': send at least 2 characters."


def test_what_is_no_list_or_struct_is_ignored() -> None:
    # pop-core sends an object as the text [object Object].
    request = _read(Features="[object Object]", Ids="x", Tag__1="x", Ids__one="x")
    assert (request.features, request.ids, request.tag) == (None, (), ())


@pytest.mark.parametrize(
    ("model", "parameters", "name"),
    [
        (ImportRequest, {}, "RegionId"),
        (ImportRequest, {"RegionId": ""}, "RegionId"),
        (ImportRequest, {"RegionId": "r"}, "Disk.1.OSSBucket"),
        (ImportRequest, MINIMAL | {"Disk.1.OSSBucket": ""}, "Disk.1.OSSBucket"),
        (ImportRequest, MINIMAL | {"Disk.2.Size": "1"}, "Disk.2.OSSBucket"),
        (ImportRequest, MINIMAL | {"Tag.1.Value": "v"}, "Tag.1.Key"),
        (IdsRequest, {}, "ResourceId.1"),
        (IdsRequest, {"ResourceId.1": "x"}, "Features.NvmeSupport"),
    ],
)
def test_missing_parameters_are_named_exactly(
    model: type[Model], parameters: dict[str, str], name: str
) -> None:
    error = _refusal(model, parameters)
    assert error.code is error_codes.MISSING_PARAMETER
    assert f'"{name}"' in error.message
    assert error.recommend.startswith(f"Send {name}: ")


def test_a_missing_parameter_has_the_declaration_s_error() -> None:
    error = _refusal(ListRequest, {})
    assert error.code is NO_IDS
    assert error.recommend == "Send ResourceId.1: Ids."


def test_the_remedy_for_a_missing_parameter_has_its_example() -> None:
    error = _refusal(ImportRequest, {"RegionId": "r"})
    assert error.recommend == "Send Disk.1.OSSBucket: The bucket. Example: my-bucket."


def test_malformed_values_have_the_declaration_s_error() -> None:
    error = _refusal(ImportRequest, MINIMAL | {"Disk.1.Size": "10"})
    assert error.code is WRONG_SIZE
    assert error.message == "Disk.1.Size is '10': send a whole number from 1 to 9."
    assert error.recommend == error.message


def test_malformed_values_without_an_error_of_their_own_are_named() -> None:
    error = _refusal(ImportRequest, MINIMAL | {"Features.NvmeSupport": "maybe\n"})
    assert error.message == (
        'The specified value of parameter "Features.NvmeSupport" is not valid.'
    )
    assert error.recommend == "Features.NvmeSupport is 'maybe\\u000a': send one of on, off."


def test_values_with_braces_are_shown_as_they_are() -> None:
    error = _refusal(ImportRequest, MINIMAL | {"Disk.1.Size": "{name}{0}"})
    assert "'{name}{0}'" in error.message


def test_excess_items_are_ignored_or_refused() -> None:
    three = {f"Disk.{number}.OSSBucket": f"b{number}" for number in (1, 2, 3)}
    assert len(read(ImportRequest, MINIMAL | three).disk) == 2
    tags = {f"Tag.{number}.Key": "k" for number in (1, 2, 3)}
    error = _refusal(ImportRequest, MINIMAL | tags)
    assert error.code is error_codes.INVALID_PARAMETER
    assert error.recommend == "Tag has 3 items: send at most 2."


@pytest.mark.parametrize("number", ["0", "01"])
def test_items_are_numbered_from_one(number: str) -> None:
    error = _refusal(ImportRequest, MINIMAL | {f"Ids.{number}": "x"})
    assert error.recommend == f"Ids has an item {number}: number the items from 1."


NAMES = st.one_of(
    st.text(max_size=20),
    st.lists(
        st.sampled_from(
            ["RegionId", "Disk", "Tag", "Ids", "Features", "Key", "OSSBucket", "Size", "1", "2"]
        ),
        min_size=1,
        max_size=4,
    ).map(".".join),
)


@settings(deadline=None)
@given(st.dictionaries(NAMES, st.one_of(st.text(max_size=12), st.sampled_from(["1", "true"]))))
def test_any_parameters_are_read_or_refused(parameters: dict[str, str]) -> None:
    try:
        request = read(ImportRequest, parameters)
    except ServiceError as error:
        assert error.recommend  # noqa: PT017 - either outcome is right
    else:
        assert request.disk
