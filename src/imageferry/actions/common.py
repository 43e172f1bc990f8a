"""Parameters and rules that several actions share."""

from __future__ import annotations

from typing import Annotated

from imageferry.actions.declaration import Model, Parameter
from imageferry.actions.image_error_codes import (
    INVALID_DESCRIPTION,
    INVALID_IMAGE_NAME,
    INVALID_OSS_BUCKET,
)

WEB_ADDRESSES = ("http://", "https://")
RESERVED_PREFIXES = ("aliyun", "acs:")
ARCHITECTURES = ("i386", "x86_64", "arm64")
OS_TYPES = ("windows", "linux")

RegionId = Annotated[
    str,
    Parameter(
        description="The region; DescribeRegions lists those that the service answers for.",
        example="cn-hangzhou",
    ),
]
PageNumber = Annotated[
    int, Parameter(description="The page of the list, from 1.", example="1", minimum=1)
]
PageSize = Annotated[
    int,
    Parameter(description="The entries on a page.", example="10", minimum=1, maximum=100),
]
ImageId = Annotated[str, Parameter(description="The image.", example="m-bp1g7004ksh0oeuco3nj")]
TaskId = Annotated[str, Parameter(description="The task.", example="t-bp1hvgwromzv32iq179l")]
ImageName = Annotated[
    str | None,
    Parameter(
        description="The image's name; its id where none is given.",
        example="debian-13-golden",
        malformed=INVALID_IMAGE_NAME,
        min_length=2,
        max_length=128,
        pattern=r"[^\W\d_][\w.:\-]*",
        rule="a letter first, then letters, digits, '.', ':', '_' and '-'",
        forbidden_prefixes=RESERVED_PREFIXES,
        forbidden_substrings=WEB_ADDRESSES,
    ),
]
Description = Annotated[
    str | None,
    Parameter(
        description="What the image is for.",
        example="Built by CI from commit 4f2a",
        malformed=INVALID_DESCRIPTION,
        min_length=2,
        max_length=256,
        forbidden_prefixes=WEB_ADDRESSES,
    ),
]
DryRun = Annotated[
    bool,
    Parameter(
        description="Only check whether the request would be carried out; the answer to one "
        "that would is the error DryRunOperation.",
        example="false",
    ),
]
Priority = Annotated[
    int,
    Parameter(
        description="Which of the account's waiting tasks is taken up first: the one with the "
        "lowest number, and of equal ones the oldest.",
        example="1",
        minimum=1,
        maximum=10,
    ),
]
RoleName = Annotated[
    str | None,
    Parameter(
        description="The RAM role that lets ECS reach the bucket.",
        example="AliyunECSImageImportDefaultRole",
        unused="the service reaches the account's buckets without a role",
    ),
]
ResourceGroupId = Annotated[
    str | None,
    Parameter(
        description="The resource group of the image.",
        example="rg-bp67acfmxazb4p",
        max_length=64,
    ),
]


def bucket_name(description: str) -> Parameter:
    """A parameter that names a bucket, by OSS's rules."""
    return Parameter(
        description=description,
        example="golden-images",
        malformed=INVALID_OSS_BUCKET,
        min_length=3,
        max_length=63,
        pattern=r"[a-z0-9][a-z0-9-]*[a-z0-9]",
        rule="small letters, digits and dashes, no dash at an end",
    )


class Tag(Model, frozen=True, kw_only=True):
    """A tag that is given to a resource."""

    key: Annotated[
        str,
        Parameter(
            description="The tag's key.",
            example="created-by",
            min_length=1,
            max_length=128,
            forbidden_prefixes=RESERVED_PREFIXES,
            forbidden_substrings=WEB_ADDRESSES,
        ),
    ]
    value: Annotated[
        str,
        Parameter(
            description="The tag's value.",
            example="mantle",
            max_length=128,
            empty_is_absent=False,
            forbidden_prefixes=("acs:",),
            forbidden_substrings=WEB_ADDRESSES,
        ),
    ] = ""
