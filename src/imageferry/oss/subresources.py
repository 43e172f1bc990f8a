"""What buckets could be configured with and are not.

Clients such as Terraform read all of it. The answers are those that OSS gives
for a bucket nobody has configured; deleting what is not there succeeds, and
setting it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.oss.call import Call, Operation
from imageferry.oss.error_codes import ABSENT_CONFIGURATIONS, NOT_IMPLEMENTED
from imageferry.oss.reply import Reply, xml_reply
from imageferry.oss.xml import Content

_EMPTY: Mapping[str, tuple[str, Content]] = {
    "accessmonitor": ("AccessMonitorConfiguration", {"Status": "Disabled"}),
    "bucketArchiveDirectRead": ("ArchiveDirectReadConfiguration", {"Enabled": False}),
    "httpsConfig": ("HttpsConfiguration", {"TLS": {"Enable": False}}),
    "inventory": ("ListInventoryConfigurationsResult", {"IsTruncated": False}),
    "logging": ("BucketLoggingStatus", {}),
    "policyStatus": ("PolicyStatus", {"IsPublic": False}),
    "publicAccessBlock": (
        "PublicAccessBlockConfiguration",
        {"BlockPublicAccess": True},
    ),
    "referer": (
        "RefererConfiguration",
        {
            "AllowEmptyReferer": True,
            "AllowTruncateQueryString": True,
            "TruncatePath": True,
            "RefererList": {},
        },
    ),
    "requestPayment": ("RequestPaymentConfiguration", {"Payer": "BucketOwner"}),
    "resourceGroup": ("BucketResourceGroupConfiguration", {"ResourceGroupId": ""}),
    "style": ("StyleList", {}),
    "tagging": ("Tagging", {"TagSet": {}}),
    "versioning": ("VersioningConfiguration", {}),
}

NAMES = frozenset((*ABSENT_CONFIGURATIONS, *_EMPTY))
"""The parameters that name such a configuration."""


def read(name: str) -> Operation:
    """What carries out ``GET /bucket?<name>``."""

    def get_bucket_configuration(call: Call) -> Reply:
        call.bucket()
        if name in ABSENT_CONFIGURATIONS:
            raise ABSENT_CONFIGURATIONS[name].error(BucketName=call.request.bucket)
        return xml_reply(*_EMPTY[name])

    return get_bucket_configuration


def delete_bucket_configuration(call: Call) -> Reply:
    """``DELETE /bucket?<name>``: there is nothing to delete, which is no error."""
    call.bucket()
    return Reply(204)


def put_bucket_configuration(call: Call) -> Reply:
    """``PUT /bucket?<name>``: refused, rather than accepted without effect."""
    call.bucket()
    raise NOT_IMPLEMENTED.error("This service cannot configure buckets in this way.")
