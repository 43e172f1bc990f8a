"""The codes of the actions that share images."""

from __future__ import annotations

from imageferry.actions.errors import ErrorCode

ACCOUNT_NOT_FOUND = ErrorCode(
    "InvalidAccount.NotFound",
    404,
    'The specified parameter "AddAccount.n" or "RemoveAccount.n"  does not exist.',
    "This installation has no account of that id.",
    "Use the id of an account of this installation: 16 digits.",
)
OWN_ACCOUNT = ErrorCode(
    "InvalidAccount.Forbbiden",
    404,
    "The specified Account does not yourself.",
    "An image is not shared with its owner.",
    "Name other accounts than your own.",
)
TOO_MANY_SHARES = ErrorCode(
    "QuotaExceed.ShareImageUser",
    403,
    "The shared Image user Quota exceeds.",
    "The image would be shared with more accounts than it may be.",
    "An image is shared with at most 50 accounts: end the sharing with some first.",
)
IMAGE_IS_DEPRECATED = ErrorCode(
    "OperationDenied.InvalidImageStatus",
    403,
    "The specified image cannot be shared when it is deprecated.",
    "A deprecated image is not given to others.",
    "Make the image Available again with ModifyImageAttribute first.",
)
NO_PUBLIC_IMAGES = ErrorCode(
    "CurrentRegion.NotSupportPublicImage",
    403,
    "Public image is not supported for current region.",
    "There are no community images here.",
    "Share the image with accounts, by AddAccount.N.",
)
IMAGE_NOT_PUBLIC = ErrorCode(
    "Image.NotPublic",
    403,
    "The specified image is not public image.",
    "Every image is private already.",
    "Leave IsPublic out.",
)
PUBLIC_AND_ACCOUNTS = ErrorCode(
    "InvalidParameter.IsPublic",
    403,
    "The specified parameter IsPublic is conflicted with other parameters.",
    "The request asks to make the image public and to share it with accounts.",
    "Leave IsPublic out.",
)
LAUNCH_PERMISSION_AND_ACCOUNTS = ErrorCode(
    "UnnecessaryParameter.LaunchPermission",
    400,
    'The specified parameter "LaunchPermission" is unnecessary if paramter "AddAccounts" or '
    '"RemoveAccounts" exist.',
    "The request shares the image in two ways.",
    "Leave LaunchPermission out.",
)
NO_LAUNCH_PERMISSION = ErrorCode(
    "ForbiddenParameter.LaunchPermission",
    400,
    'The specified parameter "LaunchPermission" is forbidden for current account.',
    "Groups of accounts have no permissions here.",
    "Share the image with accounts, by AddAccount.N.",
)
IMAGE_USE_SHARED = ErrorCode(
    "ImageUseShared",
    403,
    "The specified image has been shared to others. "
    "You can use the DescribeImageSharePermission API to query the users who have been shared.",
    "Other accounts may use the image.",
    "End the sharing with ModifyImageSharePermission, RemoveAccount.N, first.",
)
