"""DescribeRegions: the regions that the service answers for."""

from __future__ import annotations

from typing import Annotated

from imageferry.actions import image_error_codes as codes
from imageferry.actions.call import Call
from imageferry.actions.declaration import Action, Member, Model, Parameter, Reply

LOCAL_NAMES = {
    "cn-hangzhou": ("华东1（杭州）", "China (Hangzhou)"),
    "cn-beijing": ("华北2（北京）", "China (Beijing)"),
    "cn-shanghai": ("华东2（上海）", "China (Shanghai)"),
    "ap-southeast-1": ("新加坡", "Singapore"),
    "us-west-1": ("美国（硅谷）", "US (Silicon Valley)"),
    "eu-central-1": ("德国（法兰克福）", "Germany (Frankfurt)"),
}
"""Chinese and English names; a region that is not known is called by its id."""


class DescribeRegionsRequest(Model, frozen=True, kw_only=True):
    """How the regions are to be told."""

    region_id: Annotated[
        str | None,
        Parameter(
            description="The region that the client is set to.",
            example="cn-hangzhou",
            unused="every region is listed",
        ),
    ] = None
    accept_language: Annotated[
        str | None,
        Parameter(
            description="The language of the regions' names; zh-CN where none is given. "
            "All but Chinese are told in English.",
            example="en-US",
            allowed=("zh-CN", "zh-TW", "en-US", "ja", "fr", "de", "ko"),
            malformed=codes.INVALID_ACCEPT_LANGUAGE,
        ),
    ] = None
    resource_type: Annotated[
        str | None,
        Parameter(
            description="A type of resource that the regions offer.",
            example="instance",
            allowed=("instance", "disk", "reservedinstance", "scu"),
            malformed=codes.INVALID_RESOURCE_TYPE,
            unused="every region offers the same",
        ),
    ] = None
    instance_charge_type: Annotated[
        str | None,
        Parameter(
            description="How instances are paid for.",
            example="PostPaid",
            allowed=("PrePaid", "PostPaid", "SpotWithPriceLimit", "SpotAsPriceGo"),
            malformed=codes.INVALID_INSTANCE_CHARGE_TYPE,
            unused="every region offers the same",
        ),
    ] = None


class RegionEntry(Reply, frozen=True, kw_only=True):
    """A region."""

    region_id: Annotated[str, Member(description="The region.", example="cn-hangzhou")]
    region_endpoint: Annotated[
        str, Member(description="Where its API is.", example="127.0.0.1:8080")
    ]
    local_name: Annotated[str, Member(description="Its name.", example="China (Hangzhou)")]
    status: Annotated[str, Member(description="Whether it can be used.", example="available")]


class RegionSet(Reply, frozen=True, kw_only=True):
    """All regions."""

    region: Annotated[tuple[RegionEntry, ...], Member(description="The regions.")]


class DescribeRegionsReply(Reply, frozen=True, kw_only=True):
    """The regions that the service answers for."""

    regions: Annotated[RegionSet, Member(description="The regions, the default one first.")]


def describe_regions(call: Call, request: DescribeRegionsRequest) -> DescribeRegionsReply:
    """List the regions of the setting."""
    chinese = (request.accept_language or "zh-CN").lower() in {"zh-cn", "zh-tw"}
    return DescribeRegionsReply(
        regions=RegionSet(
            region=tuple(
                RegionEntry(
                    region_id=region,
                    region_endpoint=call.services.endpoint,
                    local_name=LOCAL_NAMES.get(region, (region, region))[0 if chinese else 1],
                    status="available",
                )
                for region in call.settings.regions
            )
        )
    )


DESCRIBE_REGIONS = Action(
    name="DescribeRegions",
    summary="List the regions that the service answers for.",
    request=DescribeRegionsRequest,
    reply=DescribeRegionsReply,
    errors=(
        codes.INVALID_ACCEPT_LANGUAGE,
        codes.INVALID_RESOURCE_TYPE,
        codes.INVALID_INSTANCE_CHARGE_TYPE,
    ),
    policy="ecs:DescribeRegions",
    handler=describe_regions,
    example={"AcceptLanguage": "en-US"},
)
