"""Listing the objects of a bucket, in OSS's three forms."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from imageferry.buckets.interface import ObjectInfo
from imageferry.oss import xml
from imageferry.oss.call import Call
from imageferry.oss.error_codes import INVALID_ARGUMENT
from imageferry.oss.reply import Reply, xml_reply

MAX_KEYS = 1000
_DEFAULT_KEYS = 100


@dataclass
class Page:
    """One page of a listing.

    Attributes:
        objects: The objects on it.
        prefixes: What objects left out have in common, up to the delimiter.
        next_marker: What the next page begins after; empty on the last.
    """

    objects: list[ObjectInfo] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    next_marker: str = ""

    @property
    def count(self) -> int:
        """How many entries it has."""
        return len(self.objects) + len(self.prefixes)


def page(
    objects: Iterable[ObjectInfo], *, prefix: str, delimiter: str, marker: str, limit: int
) -> Page:
    """Cut one page out of a listing.

    Args:
        objects: The objects with the prefix and after the marker, by key.
        prefix: What every key begins with.
        delimiter: Keys that are the same from the prefix to this become one entry.
        marker: The last entry of the page before.
        limit: How many entries the page may have.
    """
    found = Page()
    last = marker
    for item in objects:
        common = common_prefix(item.key, prefix, delimiter)
        if common and common == last:
            continue
        if found.count == limit:
            found.next_marker = last
            break
        if common:
            found.prefixes.append(common)
        else:
            found.objects.append(item)
        last = common or item.key
    return found


def common_prefix(key: str, prefix: str, delimiter: str) -> str:
    """The part of a key up to the first delimiter after the prefix; empty without one."""
    if not delimiter:
        return ""
    end = key.find(delimiter, len(prefix))
    return key[: end + len(delimiter)] if end >= 0 else ""


def list_objects(call: Call) -> Reply:
    """``GET /bucket``: the objects of a bucket."""
    if call.request.parameter("list-type") == "2":
        return _list_objects_v2(call)
    marker = call.request.parameter("marker") or ""
    found, common = _listed(call, marker)
    encode = call.name_encoder()
    content = {
        **common,
        "Marker": encode(marker),
        "NextMarker": encode(found.next_marker) if found.next_marker else None,
        "Contents": [_contents(item, encode, call.owner) for item in found.objects],
        "CommonPrefixes": [{"Prefix": encode(prefix)} for prefix in found.prefixes],
    }
    return xml_reply("ListBucketResult", content)


def list_object_versions(call: Call) -> Reply:
    """``GET /bucket?versions``: every object has one version, which is called ``null``."""
    marker = call.request.parameter("key-marker") or ""
    found, common = _listed(call, marker)
    encode = call.name_encoder()
    version = {"VersionId": "null", "IsLatest": True}
    content = {
        **common,
        "KeyMarker": encode(marker),
        "VersionIdMarker": call.request.parameter("version-id-marker") or "",
        "NextKeyMarker": encode(found.next_marker) if found.next_marker else None,
        "NextVersionIdMarker": "null" if found.next_marker else None,
        "Version": [_contents(item, encode, call.owner) | version for item in found.objects],
        "CommonPrefixes": [{"Prefix": encode(prefix)} for prefix in found.prefixes],
    }
    return xml_reply("ListVersionsResult", content)


def _list_objects_v2(call: Call) -> Reply:
    token = call.request.parameter("continuation-token") or ""
    start_after = call.request.parameter("start-after") or ""
    found, common = _listed(call, _marker(token) if token else start_after)
    encode = call.name_encoder()
    owner = call.owner if call.request.parameter("fetch-owner") == "true" else None
    content = {
        **common,
        "StartAfter": encode(start_after),
        "ContinuationToken": token or None,
        "NextContinuationToken": _token(found.next_marker) if found.next_marker else None,
        "KeyCount": found.count,
        "Contents": [_contents(item, encode, owner) for item in found.objects],
        "CommonPrefixes": [{"Prefix": encode(prefix)} for prefix in found.prefixes],
    }
    return xml_reply("ListBucketResult", content)


def _listed(call: Call, marker: str) -> tuple[Page, dict[str, Any]]:
    prefix = call.request.parameter("prefix") or ""
    delimiter = call.request.parameter("delimiter") or ""
    limit = call.number("max-keys", default=_DEFAULT_KEYS, least=1, most=MAX_KEYS)
    bucket = call.bucket()
    objects = bucket.list(prefix, marker)
    found = page(objects, prefix=prefix, delimiter=delimiter, marker=marker, limit=limit)
    encode = call.name_encoder()
    common = {
        "Name": bucket.info.name,
        "Prefix": encode(prefix),
        "MaxKeys": limit,
        "Delimiter": encode(delimiter),
        "EncodingType": call.request.parameter("encoding-type") or None,
        "IsTruncated": bool(found.next_marker),
    }
    return found, common


def object_type(info: ObjectInfo) -> str:
    """How OSS calls the way an object was made."""
    return "Multipart" if "-" in info.etag else "Normal"


def _contents(
    info: ObjectInfo, encode: Callable[[str], str], owner: dict[str, str] | None
) -> dict[str, Any]:
    return {
        "Key": encode(info.key),
        "LastModified": xml.timestamp(info.modified),
        "ETag": f'"{info.etag}"',
        "Type": object_type(info),
        "Size": info.size,
        "StorageClass": "Standard",
        "Owner": owner,
    }


def _token(marker: str) -> str:
    return base64.urlsafe_b64encode(marker.encode()).decode()


def _marker(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except ValueError:
        raise INVALID_ARGUMENT.error("The continuation-token is not valid.") from None
