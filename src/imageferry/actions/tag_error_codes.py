"""The codes of the actions on tags."""

from __future__ import annotations

from imageferry.actions.errors import ErrorCode

TAG_REGION_NOT_FOUND = ErrorCode(
    "InvalidRegionId.NotFound",
    404,
    "The RegionId provided does not exist in our records.",
    "The service does not answer for that region.",
    "Use a region that DescribeRegions lists, or add it to the setting regions.",
)
MISSING_TAG_REGION = ErrorCode(
    "MissingParameter.RegionId",
    404,
    "The parameter - RegionId should not be null.",
    "The request does not say in which region the resources are.",
    "Send RegionId.",
)
MISSING_RESOURCE_TYPE = ErrorCode(
    "MissingParameter.ResourceType",
    404,
    "The parameter - ResourceType should not be null.",
    "The request does not say what the resources are.",
    "Send ResourceType=image or ResourceType=snapshot.",
)
MISSING_RESOURCE_IDS = ErrorCode(
    "MissingParameter.ResourceIds",
    404,
    "The parameter - ResourceIds.N should not be null.",
    "The request names no resource.",
    "Send ResourceId.1.",
)
MISSING_TAGS = ErrorCode(
    "MissingParameter.Tags",
    404,
    "The parameter - Tags should not be null.",
    "The request names no tag.",
    "Send Tag.1.Key and Tag.1.Value, or with UntagResources TagKey.1 or All=true.",
)
RESOURCE_TYPE_NOT_FOUND = ErrorCode(
    "InvalidResourceType.NotFound",
    404,
    "The ResourceType provided does not exist in our records.",
    "Nothing of that type has tags here.",
    "Use image or snapshot.",
)
RESOURCE_ID_NOT_FOUND = ErrorCode(
    "InvalidResourceId.NotFound",
    404,
    "The specified ResourceIds are not found in our records.",
    "The account has no resource of that id and type in the region.",
    "Use ids that DescribeImages tells.",
)
TOO_MANY_RESOURCE_IDS = ErrorCode(
    "NumberExceed.ResourceIds",
    400,
    "The ResourceIds parameter's number is exceed , Valid : 50.",
    "The request names more resources than it may.",
    "Name at most 50 resources a request.",
)
TOO_MANY_TAGS = ErrorCode(
    "NumberExceed.Tags",
    400,
    "The Tags parameter's number is exceed , Valid : 20.",
    "The request names more tags than it may.",
    "Name at most 20 tags a request.",
)
TOO_MANY_TAG_VALUES = ErrorCode(
    "NumberExceed.TagValues",
    403,
    "The number of the specified TagValues is beyond permitted range, the max is 5.",
    "A filter names more values than it may.",
    "Name at most 5 values a filter.",
)
INVALID_TAG_KEY = ErrorCode(
    "InvalidTagKey.Malformed",
    400,
    "The specified Tag.n.Key is not valid.",
    "A tag's key breaks the rules for keys.",
    "Use 1 to 128 characters, not beginning with aliyun or acs:, without http:// and https://.",
)
INVALID_TAG_VALUE = ErrorCode(
    "InvalidTagValue.Malformed",
    400,
    "The specified Tag.n.Value is not valid.",
    "A tag's value breaks the rules for values.",
    "Use at most 128 characters, not beginning with acs:, without http:// and https://.",
)
DUPLICATE_KEY = ErrorCode(
    "Duplicate.TagKey",
    400,
    "The Tag.N.Key contain duplicate key.",
    "The request names a key twice.",
    "Name each key once.",
)
TAG_QUOTA_EXCEEDED = ErrorCode(
    "OperationDenied.QuotaExceed",
    400,
    "The quota of tags on resource is beyond permitted range.",
    "The resource would have more tags than it may.",
    "A resource has at most 20 tags: take some away with UntagResources first.",
)
ALL_AND_KEYS = ErrorCode(
    "Param.Conflict",
    403,
    "The specified all is true, but the specified TagKey.N is not empty.",
    "The request asks for all tags and for some of them.",
    "Send All=true or TagKey.N, not both.",
)
NEITHER_TAGS_NOR_RESOURCES = ErrorCode(
    "BothEmpty.TagsAndResources",
    403,
    "The specified Tags and ResourcesIds are not allow to both empty.",
    "The request names neither a resource nor a tag.",
    "Send ResourceId.N, Tag.N or TagFilter.N.",
)
TAGS_AND_FILTERS = ErrorCode(
    "InvalidTags.MalFormed",
    400,
    "The tags must be empty, when the tagFilters is not empty.",
    "The request names tags in two ways.",
    "Send Tag.N or TagFilter.N, not both.",
)
INVALID_TAG_FILTER = ErrorCode(
    "InvalidTagFilter.Malformed",
    403,
    "The specified TagFilter is not valid.",
    "A filter has no key.",
    "Send TagFilter.N.TagKey with each filter.",
)
INVALID_NEXT_TOKEN = ErrorCode(
    "Invalid.NextToken",
    403,
    "The specified NextToken is not valid.",
    "The token is none that a page ended with.",
    "Send the NextToken of the page before, or none for the first page.",
)
