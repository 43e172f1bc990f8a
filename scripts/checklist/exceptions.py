"""Where we differ from the contract on purpose, and why.

The checklist fails on a difference that is not in this table, and on an entry of
the table that is no difference any more.
"""

from __future__ import annotations

from collections.abc import Mapping

from checklist import life_cycle_exceptions, tag_exceptions
from checklist.comparison import Point
from checklist.facts import EVERY_ACTION, Place, Section

_OWN_CODES = "a failure is told by the code of its reason"
_NO_ROLES = "buckets are reached without a role, and some clients answer this code by making one"
_NO_WHITE_LIST = "every account may"
_EVERY_REGION = "every region offers all that the service does"
_EVERY_BUCKET = "a bucket serves every region"
_NO_ARCHIVES = "the buckets have one storage class, which needs no restoring"
_NO_ENCRYPTED_BUCKETS = "a bucket that is encrypted at rest is read like any other"
_NO_CLOUD_BOXES = "there are no cloud boxes here"
_NO_INSTANCES = "there are no instances here"
_NO_COMMUNITY = "there are no community images here: they are an empty list"
_NO_MARKETPLACE = "there is no marketplace here"
_NO_GROUPS = "resource groups are labels here, so that none is unknown"
_NO_BILLS = "nothing costs money here"
_NO_POLICIES = "a key may do all that its account may"
_OSS_RULE = "OSS's own limit"
_KEPT = "as long as the database keeps it"
_DRY_RUN = "the sources disagree; DryRunOperation is what clients know"
_NO_THROTTLING = "requests are not throttled"
_REGION_CHECK = "as with every action that has a region"
_CANCEL_REASON = "why a task was cancelled, in the words of whoever did it"
_PAUSE_REASON = "why a task is paused, which only our PauseTask can do"
_REASON = "why a task failed, which the Go SDK reads already"
_PROGRESS = "how far a task is, beyond the contract's per cent"
_COMPRESSION = "how an export is compressed is the caller's choice"
_PRIORITY = "which of an account's waiting tasks goes first is the account's choice"
_WAITING = "what a task waits for, and how long the line is"
_QUOTAS = "a quota that ECS has no code for"
_EXPECTED_HASH = "an import proves the object's bytes by their hash, where that is given"
_BOTH_WORDINGS = "both wordings are the contract's; this is the one clients have known longest"

_TABLE: Mapping[tuple[str, Section], Mapping[str, str]] = {
    ("ImportImage", Section.PARAMETER): {
        "DiskDeviceMapping.N.Device: length": _KEPT,
        "DiskDeviceMapping.N.DiskImageSize: minimum": "bosh sends 0 where none is given",
        "DiskDeviceMapping.N.Format: allowed": "VHDX and VDI are read too",
        "DiskDeviceMapping.N.OSSBucket: length": _OSS_RULE,
        "DiskDeviceMapping.N.OSSObject: length": _OSS_RULE,
        "DiskDeviceMapping.N.SHA256: added": _EXPECTED_HASH,
        "Priority: added": _PRIORITY,
        "ResourceGroupId: length": _KEPT,
        "RoleName: errors": _NO_ROLES,
        "Tag.N.Key: required": "a tag without a key is a mistake, and is told to be one",
    },
    ("ImportImage", Section.ERROR): {
        "400 Account.Arrearage: left out": _NO_BILLS,
        "400 DRYRUN.SUCCESS: left out": _DRY_RUN,
        "400 InvalidImageFormat.RegionNotSupported: left out": _EVERY_REGION,
        "400 InvalidLicenseType.BYOLOnly: left out": "every platform takes every licence type",
        "400 InvalidOSSBucket.FlowLimit: left out": "buckets have no flow limit",
        "400 InvalidOSSBucket.NotMatched: left out": _EVERY_BUCKET,
        "400 InvalidOSSObject.NeedRestore: left out": _NO_ARCHIVES,
        "400 InvalidRegion.NotSupport: left out": _EVERY_REGION,
        "400 InvalidSHA256: added": _EXPECTED_HASH,
        "400 UnsupportedSuffix.OSSObject: left out": "the bytes decide, not the object's name",
        "403 ImageCheckUnsupported.WindowsImage: left out": "Windows is looked into too",
        "403 ImportImageFailed: left out": _OWN_CODES,
        "403 InvalidAccountStatus.OSSDisabled: left out": _NO_BILLS,
        "403 InvalidArchitecture.PlatformUnsupported: left out": "any platform goes with any "
        "architecture",
        "403 InvalidBlockSize.NotSupport: left out": "InvalidImageFormat.Malformed says it",
        "403 InvalidOSSBucket.EncryptUnsupported: left out": _NO_ENCRYPTED_BUCKETS,
        "403 InvalidOperation.CloudBoxImageImportRoleRequired: left out": _NO_CLOUD_BOXES,
        "403 InvalidOperation.CloudBoxImageImportUnsupported: left out": _NO_CLOUD_BOXES,
        "403 InvalidStorageLocation.NotFound: left out": _NO_CLOUD_BOXES,
        "403 NoSetRoletoECSServiceAcount: left out": _NO_ROLES,
        "403 QuotaExceed.ImageBytes: added": _QUOTAS,
        "403 QuotaExceed.WaitingTask: added": _QUOTAS,
        "403 UserNotInTheWhiteList: left out": _NO_WHITE_LIST,
        "404 InvalidResourceGroup.NotFound: left out": _NO_GROUPS,
    },
    ("ExportImage", Section.PARAMETER): {
        "Compression: added": _COMPRESSION,
        "OSSBucket: length": _OSS_RULE,
        "Priority: added": _PRIORITY,
        "RoleName: errors": _NO_ROLES,
    },
    ("ExportImage", Section.ERROR): {
        "400 ImageNotSupported: left out": "snapshots are not encrypted here",
        "400 InvalidImage.DiskAmountOrSize: messages": "the wording of 2025; that of 2024 is empty",
        "400 InvalidImageFormat.RegionNotSupported: left out": _EVERY_REGION,
        "400 InvalidImageName.Malformed: left out": "the action has no parameter of that kind",
        "400 InvalidOSSBucket.Malformed: added": "as with ImportImage",
        "400 InvalidOSSBucket.NotMatched: left out": _EVERY_BUCKET,
        "400 InvalidOSSObject.NeedRestore: left out": _NO_ARCHIVES,
        "400 InvalidParameter.Compression: added": _COMPRESSION,
        "400 InvalidRegion.NotSupport: left out": _EVERY_REGION,
        "400 OperationDenied: left out": "data disks are exported too",
        "403 ExportImageFailed: left out": _OWN_CODES,
        "403 ImageNotSupported: left out": _NO_MARKETPLACE,
        "403 InvalidImageCategory.NotSupported: left out": _NO_MARKETPLACE,
        "403 InvalidImageLicense.NotSupported: left out": "licences are the owner's business",
        "403 InvalidOSSBucket.EncryptUnsupported: left out": _NO_ENCRYPTED_BUCKETS,
        "403 NoSetRoletoECSServiceAcount: left out": _NO_ROLES,
        "403 UserNotInTheWhiteList: left out": _NO_WHITE_LIST,
        "403 WeeklyQuotaExceed.ExportImage: left out": "exports are limited at a time, not a week",
        "404 InvalidImageId.NotFound: messages": _BOTH_WORDINGS,
        "403 QuotaExceed.WaitingTask: added": _QUOTAS,
    },
    ("DescribeTasks", Section.PARAMETER): {
        "TaskIds: items": "the list is one text; more than 100 ids in it are refused all the same",
    },
    ("DescribeTasks", Section.REPLY): {
        "TaskSet.Task[].FailedReason: added": _REASON,
        "TaskSet.Task[].PlaceInQueue: added": _WAITING,
        "TaskSet.Task[].WaitingFor: added": _WAITING,
    },
    ("DescribeTaskAttribute", Section.REPLY): {
        "CancelReason: added": _CANCEL_REASON,
        "FailedReason: added": _REASON,
        "PauseReason: added": _PAUSE_REASON,
        "TaskProgress.Attempt: added": _PROGRESS,
        "TaskProgress.BytesDone: added": _PROGRESS,
        "TaskProgress.BytesPerSecond: added": _PROGRESS,
        "TaskProgress.BytesTotal: added": _PROGRESS,
        "TaskProgress.LastProgressTime: added": _PROGRESS,
        "TaskProgress.Phase: added": _PROGRESS,
        "TaskProgress.PlaceInQueue: added": _PROGRESS,
        "TaskProgress.Priority: added": _WAITING,
        "TaskProgress.AccountShare: added": _WAITING,
        "TaskProgress.SecondsLeft: added": _PROGRESS,
        "TaskProgress.WaitingFor: added": _WAITING,
        "TaskProgress.WaitingForReason: added": _WAITING,
    },
    ("CancelTask", Section.PARAMETER): {"Reason: added": _CANCEL_REASON},
    ("CancelTask", Section.ERROR): {
        "403 CancelTaskFailed: left out": "cancelling a task that has not ended always succeeds",
        "403 InvalidTaskId.NotFound: left out": "the contract has the code with 400 too",
        "403 InvalidTaskId.TaskActionNotSupport: left out": "every task can be cancelled",
    },
    ("DescribeImages", Section.PARAMETER): {
        "Status: allowed": "the text is a list; a word that is no status selects nothing",
    },
    ("DescribeImages", Section.REPLY): {
        "Images.Image[].Features.CpuOnlineDowngrade: left out": _NO_INSTANCES,
        "Images.Image[].Features.CpuOnlineUpgrade: left out": _NO_INSTANCES,
        "Images.Image[].Features.MemoryOnlineDowngrade: left out": _NO_INSTANCES,
        "Images.Image[].Features.MemoryOnlineUpgrade: left out": _NO_INSTANCES,
        "Images.Image[].SecureBootOptions.SecureBootSupport: left out": "signatures of "
        "boot loaders are not checked",
    },
    ("DescribeImages", Section.ERROR): {
        "400 InvalidFilterValue.NetworkType: left out": _NO_INSTANCES,
        "400 InvalidImageOwnerAlias.PublicImageUnsupported: left out": _NO_COMMUNITY,
        "400 InvalidInstanceType.ValueNotSupported: left out": _NO_INSTANCES,
        "400 InvalidOperation.ImageOwnerIdUnsupported: left out": "the caller's own account is "
        "answered as without it, and any other by an empty list",
        "400 InvalidParamter: left out": "InvalidParameter names the parameter",
        "400 InvalidRegionId.NotFound: added": _REGION_CHECK,
        "403 CurrentAccount.NotSupportPublicImage: left out": _NO_COMMUNITY,
        "500 InternalError: messages": "the wording of every other action",
    },
    ("DeleteImage", Section.ERROR): {
        "400 InvalidRegionId.NotFound: added": _REGION_CHECK,
        "403 ImageIsPublic: left out": _NO_COMMUNITY,
        "403 ImageUsingByInstance: left out": _NO_INSTANCES,
    },
    ("DescribeRegions", Section.PARAMETER): {
        "RegionId: added": "the official clients send it with every action",
    },
    ("DescribeRegions", Section.ERROR): {
        "403 Unauthorized.EmptyRegion: left out": "every account has every region",
    },
    (EVERY_ACTION, Section.ERROR): {
        "400 ContentMD5NotMatched: left out": "no client of the ECS API sends Content-MD5",
        "400 DRYRUN.SUCCESS: left out": _DRY_RUN,
        "400 InvalidClientToken.Malformed: added": "ImportImage's, for every action with a token",
        "400 Missing<Name>: left out": "served as MissingAction and MissingVersion",
        "400 MissingAction: added": "the contract's Missing<Name>",
        "400 MissingVersion: added": "the contract's Missing<Name>",
        "400 Throttling: left out": _NO_THROTTLING,
        "400 Throttling.Api: left out": _NO_THROTTLING,
        "400 Throttling.User: left out": _NO_THROTTLING,
        "403 Forbidden.AccessKeyDisabled: left out": "served as InvalidAccessKeyId.Inactive",
        "403 Forbidden.RAM: left out": _NO_POLICIES,
        "403 InvalidIdempotenceParameter.Mismatch: left out": "served as "
        "IdempotentParameterMismatch",
        "403 LastTokenProcessing: left out": "a second request waits for the first one's answer",
        "403 NoPermission: left out": _NO_POLICIES,
        "404 InvalidApi.NotFound: left out": "served as InvalidAction.NotFound",
        "404 InvalidProduct.NotFound: left out": "the address serves one product",
        "408 RequestTimeout: added": "a body that does not arrive is not waited for without end",
        "409 OperationConflict: left out": "a conflict is told by the code of its reason",
        "413 RequestEntityTooLarge: added": "requests are bounded",
    },
}

EXCEPTIONS: Mapping[Point, str] = {
    Point(Place(action, section, name), aspect): reason
    for table in (_TABLE, life_cycle_exceptions.TABLE, tag_exceptions.TABLE)
    for (action, section), entries in table.items()
    for name, aspect, reason in (
        (*entry.rsplit(": ", maxsplit=1), reason) for entry, reason in entries.items()
    )
}
"""For each point in which we differ on purpose, the reason."""
