"""The permission policies there are: those that Alibaba Cloud has for importing and exporting.

A policy can be attached to a role, as clients do before they import. It permits
nothing by itself: a key may do all that its account may.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

SYSTEM = "System"
"""The type of a policy that is not an account's own."""

DEFAULT_VERSION = "v1"
"""The one version that a policy has."""

CREATED = datetime(2015, 5, 1, tzinfo=UTC)
"""When the policies are said to have been made: they are older than every account."""


@dataclass(frozen=True)
class Policy:
    """A permission policy.

    Attributes:
        name: What it is attached by.
        description: What it permits, in a sentence.
        actions: What it permits.
    """

    name: str
    description: str
    actions: Sequence[str]

    @property
    def document(self) -> str:
        """The policy in RAM's language."""
        statement = {"Action": list(self.actions), "Resource": "*", "Effect": "Allow"}
        return json.dumps({"Version": "1", "Statement": [statement]})


_READ = ("oss:GetObject", "oss:GetBucketLocation", "oss:GetBucketInfo")
_WRITE = (
    "oss:PutObject",
    "oss:DeleteObject",
    "oss:AbortMultipartUpload",
    "oss:ListMultipartUploads",
    "oss:ListParts",
)

IMPORT_POLICY = Policy(
    "AliyunECSImageImportRolePolicy", "Lets ECS read the objects that images are made of.", _READ
)
EXPORT_POLICY = Policy(
    "AliyunECSImageExportRolePolicy",
    "Lets ECS write the objects that images become.",
    (*_READ, *_WRITE),
)

SYSTEM_POLICIES: Mapping[str, Policy] = {
    policy.name: policy for policy in (IMPORT_POLICY, EXPORT_POLICY)
}
