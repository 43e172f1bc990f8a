"""Where the actions on images that are there differ from the contract on purpose, and why."""

from __future__ import annotations

from collections.abc import Mapping

from checklist.facts import Section

_REGION_CHECK = "as with every action that has a region"
_SAME_WORDING = "the wording of every other action"
_NO_FAMILY_LIMITS = "a family may have any number of images, and a region any number of families"
_NO_INSTANCES = "there are no instances here"
_NO_COMMUNITY = "there are no community images here"
_NO_ENCRYPTION = "images are not encrypted here"

TABLE: Mapping[tuple[str, Section], Mapping[str, str]] = {
    ("ModifyImageAttribute", Section.ERROR): {
        "400 ImageFamilyQuotaFull: left out": _NO_FAMILY_LIMITS,
        "400 ImageQuotaFull.ImageFamily: left out": _NO_FAMILY_LIMITS,
        "400 InvalidDescription.Malformed: messages": _SAME_WORDING,
        "400 InvalidImageName.Duplicated: messages": _SAME_WORDING,
        "400 InvalidImageName.Malformed: messages": _SAME_WORDING,
        "400 InvalidRegionId.NotFound: added": _REGION_CHECK,
        "400 MissingParameter: messages": _SAME_WORDING,
        "403 OperationDeined.ImageUsingByInstance: left out": _NO_INSTANCES,
    },
    ("DescribeImageSharePermission", Section.ERROR): {
        "400 InvalidRegionId.NotFound: added": _REGION_CHECK,
        "400 MissingParameter: messages": _SAME_WORDING,
    },
    ("ModifyImageSharePermission", Section.ERROR): {
        "400 InvalidGroup.Malformed: left out": "images are shared with accounts, not groups",
        "400 InvalidParameter.LaunchPermission: left out": "served as "
        "ForbiddenParameter.LaunchPermission, whatever its value",
        "400 InvalidRegionId.NotFound: added": _REGION_CHECK,
        "400 MissingParameter: messages": _SAME_WORDING,
        "403 AssumeRoleError: left out": _NO_ENCRYPTION,
        "403 Image.Public: left out": _NO_COMMUNITY,
        "403 ImageDescription.ContainsSensitiveWords: left out": "no word is sensitive here",
        "403 ImageName.ContainsSensitiveWords: left out": "no word is sensitive here",
        "403 InvalidImageId.BidMismatch: left out": "every account may share with every other",
        "403 OperationDeined.EncryptedSnapshot: left out": _NO_ENCRYPTION,
        "403 OperationDeined.FullImage: left out": _NO_ENCRYPTION,
        "403 PublicImageAgreement.NotSigned: left out": _NO_COMMUNITY,
        "403 QuotaExceed.ShareImage: left out": "an account may share any number of its images",
    },
    ("DeleteSnapshot", Section.ERROR): {
        "400 IncorrectDiskStatus.CreatingSnapshot: left out": "served as SnapshotCreatedImage",
        "403 SnapshotCreatedDisk: left out": _NO_INSTANCES,
        "404 InvalidSnapshotId.NotFound: added": "a mistaken id is told, not passed over",
    },
}
