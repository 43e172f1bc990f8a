"""DescribeEndpoints: where a product is. Every product is here."""

from __future__ import annotations

from typing import Annotated

from imageferry.actions.call import Call
from imageferry.actions.declaration import Action, Member, Model, Parameter, Reply
from imageferry.actions.location import error_codes as codes

PUBLIC = "openAPI"
"""The type of an address that everybody may use."""

TYPES = (PUBLIC, "innerAPI")

_HERE = frozenset({"ecs", "ram", "sts", "location"})
_OSS = "oss"


class DescribeEndpointsRequest(Model, frozen=True, kw_only=True):
    """Which product's address is wanted, and for which region."""

    id: Annotated[str, Parameter(description="The region.", example="cn-hangzhou")]
    service_code: Annotated[str, Parameter(description="The product.", example="ecs")]
    type: Annotated[
        str,
        Parameter(
            description="The type of address; openAPI is what clients use. A type that is "
            "unknown has no addresses.",
            example=PUBLIC,
        ),
    ] = PUBLIC


class ProtocolSet(Reply, frozen=True, kw_only=True):
    """Protocols."""

    protocols: Annotated[
        tuple[str, ...], Member(description="What it is spoken to by.", example="HTTP")
    ]


class EndpointEntry(Reply, frozen=True, kw_only=True):
    """An address."""

    endpoint: Annotated[str, Member(description="The address.", example="127.0.0.1:8080")]
    id: Annotated[str, Member(description="The region.", example="cn-hangzhou")]
    type: Annotated[str, Member(description="The type of address.", example=PUBLIC)]
    service_code: Annotated[str, Member(description="The product.", example="ecs")]
    serivce_code: Annotated[
        str, Member(description="The product, in the spelling of Alibaba Cloud.", example="ecs")
    ]
    protocols: Annotated[ProtocolSet, Member(description="What it is spoken to by.")]


class EndpointSet(Reply, frozen=True, kw_only=True):
    """Addresses."""

    endpoint: Annotated[tuple[EndpointEntry, ...], Member(description="The addresses.")]


class DescribeEndpointsReply(Reply, frozen=True, kw_only=True):
    """Where the product is."""

    endpoints: Annotated[EndpointSet, Member(description="The one address, or none.")]
    success: Annotated[
        bool, Member(description="Always true: the Go SDK looks at nothing else before.")
    ] = True


def describe_endpoints(call: Call, request: DescribeEndpointsRequest) -> DescribeEndpointsReply:
    """Tell the address by which the caller found this service, or that of OSS beside it."""
    if request.id not in call.settings.regions:
        known = ", ".join(call.settings.regions)
        raise codes.INVALID_REGION_ID.error(f"Use one of {known}.")
    address = _address(call, request.service_code.lower())
    found = (_entry(address, request),) if request.type in TYPES else ()
    return DescribeEndpointsReply(endpoints=EndpointSet(endpoint=found))


def _address(call: Call, service_code: str) -> str:
    if service_code in _HERE:
        return call.services.endpoint
    if service_code == _OSS:
        return call.services.find_oss_endpoint()
    raise codes.ILLEGAL_PARAMETER.error()


def _entry(address: str, request: DescribeEndpointsRequest) -> EndpointEntry:
    return EndpointEntry(
        endpoint=address,
        id=request.id,
        type=request.type,
        service_code=request.service_code,
        serivce_code=request.service_code,
        protocols=ProtocolSet(protocols=("HTTP",)),
    )


DESCRIBE_ENDPOINTS = Action(
    name="DescribeEndpoints",
    summary="Tell where a product is: here, so that no client goes to the real cloud.",
    request=DescribeEndpointsRequest,
    reply=DescribeEndpointsReply,
    errors=(codes.INVALID_REGION_ID, codes.ILLEGAL_PARAMETER),
    policy="location:DescribeEndpoints",
    handler=describe_endpoints,
    example={"Id": "cn-hangzhou", "ServiceCode": "ecs", "Type": "openAPI"},
)
