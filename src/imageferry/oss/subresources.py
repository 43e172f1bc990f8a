"""What buckets could be configured with and are not.

Clients such as Terraform read all of it. The answers are those that OSS gives
for a bucket nobody has configured; deleting what is not there succeeds, and
setting it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.oss.call import Call, Operation
from imageferry.oss.errors import NOT_IMPLEMENTED, OssErrorCode
from imageferry.oss.reply import Reply, xml_reply
from imageferry.oss.xml import Content

_ABSENT = {
    "cors": ("NoSuchCORSConfiguration", "The CORS Configuration does not exist."),
    "encryption": (
        "NoSuchServerSideEncryptionRule",
        "The server side encryption configuration does not exist.",
    ),
    "lifecycle": ("NoSuchLifecycle", "No Row found in Lifecycle Table."),
    "metaQuery": ("MetaQueryNotExist", "The MetaQuery does not exist."),
    "policy": ("NoSuchBucketPolicy", "The bucket policy does not exist."),
    "replication": ("NoSuchReplicationConfiguration", "The bucket replication does not exist."),
    "transferAcceleration": (
        "NoSuchTransferAccelerationConfiguration",
        "The transfer acceleration configuration does not exist.",
    ),
    "website": (
        "NoSuchWebsiteConfiguration",
        "The specified bucket does not have a website configuration.",
    ),
    "worm": ("NoSuchWORMConfiguration", "The WORM Configuration does not exist."),
}

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

NAMES = frozenset((*_ABSENT, *_EMPTY))
"""The parameters that name such a configuration."""


def read(name: str) -> Operation:
    """What carries out ``GET /bucket?<name>``."""

    def read_subresource(call: Call) -> Reply:
        call.bucket()
        if name in _ABSENT:
            code, message = _ABSENT[name]
            raise OssErrorCode(code, 404, message).error(BucketName=call.request.bucket)
        return xml_reply(*_EMPTY[name])

    return read_subresource


def delete(call: Call) -> Reply:
    """``DELETE /bucket?<name>``: there is nothing to delete, which is no error."""
    call.bucket()
    return Reply(204)


def write(call: Call) -> Reply:
    """``PUT /bucket?<name>``: refused, rather than accepted without effect."""
    call.bucket()
    raise NOT_IMPLEMENTED.error("This service cannot configure buckets in this way.")
