"""Operations on the service and on buckets."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from imageferry.buckets.interface import BucketInfo, BucketNotFoundError
from imageferry.oss import xml
from imageferry.oss.call import Call
from imageferry.oss.error_codes import (
    BUCKET_ALREADY_EXISTS,
    INVALID_LOCATION_CONSTRAINT,
    NOT_IMPLEMENTED,
)
from imageferry.oss.reply import Reply, xml_reply

PRIVATE = "private"
_STORAGE_CLASS = "Standard"
_REDUNDANCY = "LRS"
_MAX_BUCKETS = 1000


def list_buckets(call: Call) -> Reply:
    """``GET /``: the caller's buckets."""
    prefix = call.request.parameter("prefix") or ""
    marker = call.request.parameter("marker") or ""
    limit = call.number("max-keys", default=100, least=1, most=_MAX_BUCKETS)
    found = [
        bucket
        for bucket in call.store.buckets()
        if call.owns(bucket) and bucket.name.startswith(prefix) and bucket.name > marker
    ]
    shown = found[:limit]
    truncated = len(found) > limit
    paging = {
        "Prefix": prefix,
        "Marker": marker,
        "MaxKeys": limit,
        "IsTruncated": truncated,
        "NextMarker": shown[-1].name if truncated else "",
    }
    return xml_reply(
        "ListAllMyBucketsResult",
        {
            **(paging if truncated or _asks_for_pages(call) else {}),
            "Owner": call.owner,
            "Buckets": {"Bucket": [_description(call, bucket) for bucket in shown]},
        },
    )


def put_bucket(call: Call) -> Reply:
    """``PUT /bucket``: make a bucket. Making one's own again changes nothing."""
    refuse_public(call, "x-oss-acl")
    region = _region(call, call.body.read(xml.MAX_XML_BYTES))
    try:
        existing = call.store.bucket(call.request.bucket).info
    except BucketNotFoundError:
        call.store.create_bucket(call.request.bucket, region=region, owner=call.account_id)
    else:
        if not call.owns(existing):
            raise BUCKET_ALREADY_EXISTS.error(BucketName=existing.name)
    return Reply(headers={"location": f"/{call.request.bucket}"})


def delete_bucket(call: Call) -> Reply:
    """``DELETE /bucket``: delete an empty bucket."""
    call.bucket()
    call.store.delete_bucket(call.request.bucket)
    return Reply(204)


def get_bucket_info(call: Call) -> Reply:
    """``GET /bucket?bucketInfo``."""
    info = call.bucket().info
    content = {
        **_description(call, info),
        "DataRedundancyType": _REDUNDANCY,
        "AccessMonitor": "Disabled",
        "TransferAcceleration": "Disabled",
        "CrossRegionReplication": "Disabled",
        "Comment": "",
        "Owner": call.owner,
        "AccessControlList": {"Grant": PRIVATE},
        "ServerSideEncryptionRule": {"SSEAlgorithm": "None"},
        "BucketPolicy": {"LogBucket": "", "LogPrefix": ""},
    }
    return xml_reply("BucketInfo", {"Bucket": content})


def get_bucket_location(call: Call) -> Reply:
    """``GET /bucket?location``."""
    return xml_reply("LocationConstraint", _location(call.bucket().info))


def get_bucket_acl(call: Call) -> Reply:
    """``GET /bucket?acl``: every bucket is private."""
    call.bucket()
    content = {"Owner": call.owner, "AccessControlList": {"Grant": PRIVATE}}
    return xml_reply("AccessControlPolicy", content)


def put_bucket_acl(call: Call) -> Reply:
    """``PUT /bucket?acl``: a bucket can be made private, which it is."""
    call.bucket()
    refuse_public(call, "x-oss-acl")
    return Reply()


def get_bucket_stat(call: Call) -> Reply:
    """``GET /bucket?stat``."""
    bucket = call.bucket()
    count = size = last_modified = 0
    for item in bucket.list():
        count += 1
        size += item.size
        last_modified = max(last_modified, int(item.modified.timestamp()))
    content = {
        "Storage": size,
        "ObjectCount": count,
        "MultipartUploadCount": len(bucket.uploads()),
        "LiveChannelCount": 0,
        "LastModifiedTime": last_modified,
        "StandardStorage": size,
        "StandardObjectCount": count,
    }
    return xml_reply("BucketStat", content)


def refuse_public(call: Call, header: str) -> None:
    """Refuse an access control list that lets strangers in.

    Raises:
        OssError: it does.
    """
    if call.request.header(header) not in {"", PRIVATE, "default"}:
        raise NOT_IMPLEMENTED.error(
            f"{header} must be {PRIVATE}: this service answers signed requests only."
        )


def _asks_for_pages(call: Call) -> bool:
    return any(call.request.parameter(name) for name in ("prefix", "marker", "max-keys"))


def _description(call: Call, bucket: BucketInfo) -> dict[str, str]:
    return {
        "Name": bucket.name,
        "Location": _location(bucket),
        "Region": bucket.region,
        "CreationDate": xml.timestamp(bucket.created),
        "StorageClass": _STORAGE_CLASS,
        "ExtranetEndpoint": call.request.header("host"),
        "IntranetEndpoint": call.request.header("host"),
    }


def _location(bucket: BucketInfo) -> str:
    return f"oss-{bucket.region}"


def _region(call: Call, body: bytes) -> str:
    """Where a new bucket belongs: what the body says, else what was signed, else the host."""
    named = ""
    if body.strip():
        root = xml.parse(body, "CreateBucketConfiguration")
        _refuse_other_kinds(root)
        named = (root.findtext("LocationConstraint") or "").removeprefix("oss-")
    if named and named not in call.regions:
        raise INVALID_LOCATION_CONSTRAINT.error(LocationConstraint=named)
    hinted = (named, call.region, *_regions_of_host(call.request.host))
    return next((region for region in hinted if region in call.regions), call.regions[0])


def _refuse_other_kinds(configuration: Element) -> None:
    for name, only in (("StorageClass", _STORAGE_CLASS), ("DataRedundancyType", _REDUNDANCY)):
        asked = configuration.findtext(name)
        if asked and asked != only:
            raise NOT_IMPLEMENTED.error(f"{name} must be {only}: this service has no other.")


def _regions_of_host(host: str) -> list[str]:
    labels = (label for label in host.split(".") if label.startswith("oss-"))
    return [label.removeprefix("oss-").removesuffix("-internal") for label in labels]
