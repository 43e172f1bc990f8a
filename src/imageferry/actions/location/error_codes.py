"""The codes of Location. The legacy SDKs compare both code and message."""

from __future__ import annotations

from imageferry.actions.errors import ErrorCode

INVALID_REGION_ID = ErrorCode(
    "InvalidRegionId",
    400,
    "The specified region does not exist.",
    "The service does not answer for the region.",
    "Use a region that DescribeRegions lists.",
)
ILLEGAL_PARAMETER = ErrorCode(
    "Illegal Parameter",
    400,
    "Please check the parameters",
    "The service has no product of that code.",
    "Ask for ecs, oss, ram, sts or location.",
)
