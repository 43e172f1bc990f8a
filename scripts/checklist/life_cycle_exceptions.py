"""Where the actions on images that are there differ from the contract on purpose, and why."""

from __future__ import annotations

from collections.abc import Mapping

from checklist.facts import Section

_REGION_CHECK = "as with every action that has a region"
_SAME_WORDING = "the wording of every other action"
_NO_FAMILY_LIMITS = "a family may have any number of images, and a region any number of families"
_NO_INSTANCES = "there are no instances here"

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
    ("DeleteSnapshot", Section.ERROR): {
        "400 IncorrectDiskStatus.CreatingSnapshot: left out": "served as SnapshotCreatedImage",
        "403 SnapshotCreatedDisk: left out": _NO_INSTANCES,
        "404 InvalidSnapshotId.NotFound: added": "a mistaken id is told, not passed over",
    },
}
