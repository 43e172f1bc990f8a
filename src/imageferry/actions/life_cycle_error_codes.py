"""The codes of the actions on images that are there: change, copy, share, and their snapshots."""

from __future__ import annotations

from imageferry.actions.errors import ErrorCode

# Changes.

INVALID_IMAGE_FAMILY = ErrorCode(
    "InvalidImageFamily.Malformed",
    400,
    'The specified parameter "ImageFamily" is malformed.',
    "The family's name breaks the rules for names.",
    "Use 2 to 128 letters, digits, '.', ':', '_' and '-', beginning with a letter.",
)
BOOT_MODE_NOT_SUPPORTED = ErrorCode(
    "InvalidBootMode.NotSupport",
    400,
    "The specified parameter BootMode is not supported.",
    "The boot mode is none that images can have.",
    "Use BIOS, UEFI or UEFI-Preferred.",
)
LICENSE_TYPE_NOT_SUPPORTED = ErrorCode(
    "InvalidLicenseType.NotSupported",
    400,
    "The specified parameter LicenseType is not supported.",
    "An image's licence type can only be changed to BYOL.",
    "Send LicenseType=BYOL, or leave it out.",
)
IMDS_SUPPORT_CANNOT_GO_BACK = ErrorCode(
    "InvalidOperation.FeaturesImdsSupportNotMatch",
    403,
    "The specified parameter Features.ImdsSupport can not be set to v1 from v2.",
    "The image asks for version 2 of the metadata service, which cannot be taken back.",
    "Leave Features.ImdsSupport out, or import the image again.",
)
IMAGE_IS_CREATING = ErrorCode(
    "InvalidStatus.ImageIsCreating",
    403,
    "The operation cannot be performed because the image is creating. "
    "Please wait until the creation is complete and try again.",
    "The image's status follows its task's until it is there.",
    "Wait until DescribeImages shows the image as Available.",
)
IMAGE_NOT_AVAILABLE = ErrorCode(
    "ImageStatus.NotAvailable",
    403,
    "The specified image status is not available.",
    "Only an Available image can be deprecated.",
    "See DescribeImages with Status=ALL for the image's status.",
)
IMAGE_NOT_DEPRECATED = ErrorCode(
    "ImageStatus.NotDeprecated",
    403,
    "The specified image status is not deprecated.",
    "Only a Deprecated image can be made Available again.",
    "See DescribeImages with Status=ALL for the image's status.",
)
IMAGE_USE_SHARED_ON_MODIFY = ErrorCode(
    "ImageUseShared",
    403,
    "The specified image has been shared to others, please remove shared accounts first.",
    "An image that others may use cannot be deprecated.",
    "End the sharing with ModifyImageSharePermission, RemoveAccount.N, first.",
)

# Snapshots.

SNAPSHOT_NOT_FOUND = ErrorCode(
    "InvalidSnapshotId.NotFound",
    404,
    "The specified SnapshotId does not exist.",
    "The account has no snapshot of that id.",
    "Use an id that DescribeImages tells with a disk.",
)
SNAPSHOT_CREATED_IMAGE = ErrorCode(
    "SnapshotCreatedImage",
    403,
    "The snapshot has been used to create user defined image(s).",
    "The snapshot is a disk of an image.",
    "Delete the image first.",
)
