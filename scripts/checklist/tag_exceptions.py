"""Where the actions on tags differ from the contract on purpose, and why."""

from __future__ import annotations

from collections.abc import Mapping

from checklist.facts import Section

_ONLY_OURS = "only images and their snapshots have tags here"
_NO_VALUE = "a tag may have no value, as in every list of tags"
_NO_SCOPES = "there are no scopes and no tags of other owners"
_NO_POLICIES = "a key may do all that its account may"
_NO_NEED = "the action has no parameter that could be so"
_OTHER_CODE = "too many tags are refused by NumberExceed.Tags"
_NO_RULES = "what no tag can be is not found; the rules are those of giving tags"
_SAME_WORDING = "the wording of TagResources"
_AS_TAG_RESOURCES = "as with TagResources"
_NEVER_AWAY = "a service that is going down closes its port first"

_SCOPES = {
    "400 Invalid.Scope: left out": _NO_SCOPES,
    "403 NoPermission.Tag: left out": _NO_POLICIES,
    "403 PermissionDenied.Scope: left out": _NO_SCOPES,
    "403 PermissionDenied.TagOwnerBid: left out": _NO_SCOPES,
    "403 PermissionDenied.TagOwnerUid: left out": _NO_SCOPES,
    "404 MissingParameter.TagOwnerBid: left out": _NO_SCOPES,
    "404 MissingParameter.TagOwnerUid: left out": _NO_SCOPES,
    "403 InvalidResourceId.NotSupported: left out": _ONLY_OURS,
    "400 InvalidTagCount: left out": _OTHER_CODE,
}
_OLDER = {
    "400 Duplicate.TagKey: added": _AS_TAG_RESOURCES,
    "400 InvalidTagCount: left out": _OTHER_CODE,
    "400 NumberExceed.Tags: added": _AS_TAG_RESOURCES,
}
_TYPES = {"ResourceType: allowed": _ONLY_OURS}
_NO_RULES_TO_BREAK = {
    "400 InvalidTagKey.Malformed: left out": _NO_RULES,
    "400 InvalidTagValue.Malformed: left out": _NO_RULES,
}

TABLE: Mapping[tuple[str, Section], Mapping[str, str]] = {
    ("TagResources", Section.PARAMETER): {**_TYPES, "Tag.N.Value: required": _NO_VALUE},
    ("TagResources", Section.ERROR): {
        **_SCOPES,
        "400 InvalidTag.Mismatch: left out": _NO_VALUE,
        "403 NoPermissionKey.Scope: left out": _NO_SCOPES,
        "403 QuotaExceed.Tags: left out": "served as OperationDenied.QuotaExceed",
        "403 TagKey.Duplication: left out": "keys differ by their case; Duplicate.TagKey says it",
        "500 ServiceUnavailable: left out": _NEVER_AWAY,
    },
    ("UntagResources", Section.PARAMETER): _TYPES,
    ("UntagResources", Section.ERROR): {
        **_SCOPES,
        **_NO_RULES_TO_BREAK,
        "400 InvalidTag.Mismatch: left out": _NO_NEED,
        "400 NumberExceed.ResourceIds: messages": _SAME_WORDING,
        "400 NumberExceed.Tags: messages": _SAME_WORDING,
        "400 OperationDenied.QuotaExceed: left out": _NO_NEED,
        "403 NoPermissionKey.Scope: left out": _NO_SCOPES,
        "404 MissingParameter.RegionId: messages": _SAME_WORDING,
        "404 MissingParameter.ResourceIds: messages": _SAME_WORDING,
        "404 MissingParameter.ResourceType: messages": _SAME_WORDING,
        "404 MissingParameter.Tags: messages": _SAME_WORDING,
    },
    ("ListTagResources", Section.PARAMETER): {
        **_TYPES,
        "TagFilter.N.TagValues.N: items": "the limit of NumberExceed.TagValues",
    },
    ("ListTagResources", Section.ERROR): {
        **_SCOPES,
        **_NO_RULES_TO_BREAK,
        "400 InvalidDefaultResourceGroup.NotSupported: left out": "groups are no resources here",
        "400 InvalidTag.NotSupported: left out": "groups are no resources here",
        "400 OperationDenied.QuotaExceed: left out": _NO_NEED,
        "403 InvalidFilter.Malformed: left out": _NO_NEED,
        "403 PermissionDenied.TagsFuzzyQuery: left out": "keys and values are compared exactly",
        "404 InvalidResourceId.NotFound: left out": "what does not exist has no tags",
        "404 MissingParameter.ResourceIds: left out": "served as BothEmpty.TagsAndResources",
        "404 MissingParameter.Tags: left out": "served as BothEmpty.TagsAndResources",
        "500 InternalError: messages": "the wording of every other action",
        "500 ServiceUnavailable: left out": _NEVER_AWAY,
    },
    ("AddTags", Section.PARAMETER): {**_TYPES, "Tag.N.Value: required": _NO_VALUE},
    ("AddTags", Section.ERROR): {
        **_OLDER,
        "400 InvalidTag.Mismatch: left out": _NO_VALUE,
        "400 OperationDenied.QuotaExceed: added": _AS_TAG_RESOURCES,
    },
    ("RemoveTags", Section.PARAMETER): _TYPES,
    ("RemoveTags", Section.ERROR): {**_OLDER, **_NO_RULES_TO_BREAK},
    ("DescribeTags", Section.PARAMETER): _TYPES,
    ("DescribeTags", Section.REPLY): {
        f"Tags.Tag[].ResourceTypeCount.{name}: left out": _ONLY_OURS
        for name in (
            "Ddh",
            "Disk",
            "Eni",
            "Instance",
            "KeyPair",
            "LaunchTemplate",
            "ReservedInstance",
            "Securitygroup",
            "SnapshotPolicy",
            "Volume",
        )
    },
    ("DescribeTags", Section.ERROR): {**_OLDER, **_NO_RULES_TO_BREAK},
}
