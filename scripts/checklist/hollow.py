"""What the actions know by name only: parameters that every value is refused of, empty fields.

A test that shows such a part shows just this: that it is refused, or empty.
"""

from __future__ import annotations

from collections.abc import Mapping

from checklist.facts import Place, Section

_NO_KEYS = "there is no key service here"
_NO_MARKETPLACE = "there is no marketplace here"
_NO_GROUPS = "groups of accounts have no permissions here"

REFUSED: Mapping[Place, str] = {
    Place("CopyImage", Section.PARAMETER, "EncryptAlgorithm"): _NO_KEYS,
    Place("CopyImage", Section.PARAMETER, "KMSKeyId"): _NO_KEYS,
    Place("ModifyImageSharePermission", Section.PARAMETER, "LaunchPermission"): _NO_GROUPS,
}
"""The parameters of which every value is refused, with the reason."""

EMPTY: Mapping[Place, tuple[str, str]] = {
    Place("DescribeImageSharePermission", Section.REPLY, "ShareGroups.ShareGroup[].Group"): (
        "ShareGroups.ShareGroup[]",
        _NO_GROUPS,
    ),
    Place("DescribeImages", Section.REPLY, "Images.Image[].ProductCode"): (
        "Images.Image[].ProductCode",
        _NO_MARKETPLACE,
    ),
    Place("DescribeImages", Section.REPLY, "Images.Image[].SupplierName"): (
        "Images.Image[].SupplierName",
        _NO_MARKETPLACE,
    ),
}
"""The fields of replies that never have a value: what is empty, the field or its list, and why."""
