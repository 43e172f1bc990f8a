"""The codes of the actions that copy images."""

from __future__ import annotations

from imageferry.actions.errors import ErrorCode

SOURCE_REGION_NOT_FOUND = ErrorCode(
    "SourceRegion.NotFound",
    400,
    "The source region not found.",
    "The service does not answer for the image's region.",
    "Use a region that DescribeRegions lists, or add it to the setting regions.",
)
DESTINATION_REGION_NOT_FOUND = ErrorCode(
    "DestinationRegion.NotFound",
    400,
    "The destination region not found.",
    "The service does not answer for the copy's region.",
    "Use a region that DescribeRegions lists, or add it to the setting regions.",
)
SAME_REGION_ONLY = ErrorCode(
    "OperationDenied.SameRegionOnly",
    403,
    "The image shared from others can not be copied to another region directly.",
    "An image of somebody else is copied within its region alone.",
    "Copy it within the region first, then copy the copy.",
)
KMS_NOT_ENABLED = ErrorCode(
    "InvalidParameter.KmsNotEnabled",
    400,
    "The specified operation need enable KMS.",
    "There is no key service here that a copy could be encrypted with.",
    "Leave Encrypted out; encrypt the disk that keeps the images instead.",
)
KEY_WITHOUT_ENCRYPTION = ErrorCode(
    "InvalidEncrypted.NotMatchKmsKeyId",
    400,
    "The specified parameter Encrypted must be true when KmsKeyId is not empty.",
    "The request names a key for a copy that is not to be encrypted.",
    "Leave KMSKeyId out.",
)
ALGORITHM_WITHOUT_ENCRYPTION = ErrorCode(
    "InvalidEncrypted.NotMatchEncryptAlgorithm",
    400,
    "The specified parameter Encrypted must be true when EncryptAlgorithm is not empty.",
    "The request names an algorithm for a copy that is not to be encrypted.",
    "Leave EncryptAlgorithm out.",
)
IMAGE_COPYING = ErrorCode(
    "OperationDenied.ImageCopying",
    403,
    "The Image are coping.",
    "The image is itself a copy that is still being made.",
    "Wait until DescribeImages shows the image as Available.",
)
IMAGE_COPYING_ON_DELETE = ErrorCode(
    "OperationDenied.ImageCopying",
    403,
    "The image is being copied. Please use the CancelCopyImage API.",
    "The image is a copy in the making, or one is being made of it.",
    "Wait for the copy, or stop it with CancelCopyImage.",
)
CANCEL_REGION_NOT_FOUND = ErrorCode(
    "InvalidRegionId.NotFound",
    404,
    "The specified RegionId does not exist.",
    "The service does not answer for that region.",
    "Use the region that the image is copied to.",
)
NOT_FROM_COPY = ErrorCode(
    "ImageCreatedNotFromCopy",
    400,
    "The specified image is not the target image of a copy action.",
    "The image was imported, not copied.",
    "Stop an import with CancelTask.",
)
NOT_COPYING = ErrorCode(
    "IncorrectImageStatus",
    400,
    "The specified snapshot is not coping.",
    "The copy has ended, so there is nothing left to cancel.",
    "Delete the image with DeleteImage where it is not wanted.",
)
