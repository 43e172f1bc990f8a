"""Where the actions on images that are there differ from the contract on purpose, and why."""

from __future__ import annotations

from collections.abc import Mapping

from checklist.facts import Section

_REGION_CHECK = "as with every action that has a region"
_QUOTAS = "a quota that ECS has no code for"
_SAME_WORDING = "the wording of every other action"
_NO_FAMILY_LIMITS = "a family may have any number of images, and a region any number of families"
_NO_INSTANCES = "there are no instances here"
_NO_COMMUNITY = "there are no community images here"
_NO_KEY_SERVICE = "there is no key service here: served as InvalidParameter.KmsNotEnabled"
_NO_MARKETPLACE = "there is no marketplace here"
_EVERY_REGION = "every region offers all that the service does"
_NO_NEED = "the action has no parameter that could be so"
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
    ("CopyImage", Section.PARAMETER): {
        "Priority: added": "which of an account's waiting tasks goes first is the account's choice",
        "ResourceGroupId: length": "as long as the database keeps it",
        "Tag.N.Key: required": "a tag without a key is a mistake, and is told to be one",
    },
    ("CopyImage", Section.ERROR): {
        "400 IncorrectImageStatus: messages": _SAME_WORDING,
        "400 InvalidClientToken.Malformed: added": "the error of the action's ClientToken",
        "400 InvalidDescription.Malformed: messages": _SAME_WORDING,
        "400 InvalidEncryptAlgorithm: left out": _NO_KEY_SERVICE,
        "400 InvalidImageName.Malformed: messages": _SAME_WORDING,
        "400 InvalidParameter.EncryptedIllegal: left out": "served as "
        "InvalidEncrypted.NotMatchKmsKeyId",
        "400 InvalidSnapshotId.NotFound: left out": "an image that is there has its snapshots",
        "400 OperationDenied.CommunityImage: left out": _NO_COMMUNITY,
        "401 InvalidAliUid.IsNull: left out": "every key has an account",
        "403 Forbbiden: left out": "a key may do all that its account may",
        "403 IncorrectDestinationRegion: left out": "a copy may go to the region of its source",
        "403 InvalidParameter.KMSKeyId.CMKNotEnabled: left out": _NO_KEY_SERVICE,
        "403 InvalidParameter.KMSKeyId.KMSUnauthorized: left out": _NO_KEY_SERVICE,
        "403 InvalidRegion.NotSupport: left out": _NO_KEY_SERVICE,
        "403 InvalidRegionId.NotSupportEncryptAlgorithm: left out": _NO_KEY_SERVICE,
        "403 InvalidSnapshot.TooOld: left out": "snapshots of every age are copied",
        "403 OperationDeined.EncryptedSnapshot: left out": _NO_ENCRYPTION,
        "403 OperationDenied.EncryptSnapshotAcrossRegion: left out": _NO_KEY_SERVICE,
        "403 OperationDenied.KmsServiceUnauthorized: left out": _NO_KEY_SERVICE,
        "403 OperationDenied.NonCompliantDestinationRegion: left out": _EVERY_REGION,
        "403 OperationDenied.NotAuthorized: left out": _NO_MARKETPLACE,
        "403 OperationDenied.NotPublished: left out": _NO_MARKETPLACE,
        "403 OperationDenied: left out": "every snapshot of an image may be copied",
        "403 QuotaExceed.Snapshot: left out": "images are limited, not their snapshots",
        "403 RegionNotSupportCopy: left out": _EVERY_REGION,
        "403 SizeExceed.Image: left out": "what could be imported can be copied",
        "403 TagKey.Duplication: added": "as with ImportImage",
        "403 UserNotInTheWhiteList: left out": _NO_KEY_SERVICE,
        "404 InvalidParameter.KMSKeyId.NotFound: left out": _NO_KEY_SERVICE,
        "404 InvalidResourceGroup.NotFound: left out": "resource groups are labels here, so that "
        "none is unknown",
        "403 QuotaExceed.ImageBytes: added": _QUOTAS,
        "403 QuotaExceed.WaitingTask: added": _QUOTAS,
    },
    ("CancelCopyImage", Section.ERROR): {
        "400 CancelNotSupported: left out": "every copy that has not ended can be cancelled",
        "400 InvalidDescription.Malformed: left out": _NO_NEED,
        "500 InternalError: messages": _SAME_WORDING,
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
