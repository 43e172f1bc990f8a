"""Operations on multipart uploads."""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import quote
from xml.etree.ElementTree import Element

from imageferry.buckets.interface import PartInfo, Upload, UploadNotFoundError
from imageferry.oss import object_headers, xml
from imageferry.oss.bucket_operations import refuse_public
from imageferry.oss.call import Call
from imageferry.oss.conditions import copy_range
from imageferry.oss.error_codes import INVALID_PART_ORDER, MALFORMED_XML
from imageferry.oss.listing import common_prefix
from imageferry.oss.object_operations import may_overwrite, open_source, read_chunks
from imageferry.oss.reply import Reply, xml_reply

_MAX_PART_NUMBER = 10_000
_PART_NUMBER = re.compile(r"[0-9]{1,19}")
_MAX_LISTED = 1000
_LEAST_PART_BYTES = 100 << 10


def initiate_multipart_upload(call: Call) -> Reply:
    """``POST /bucket/key?uploads``: begin an upload."""
    refuse_public(call, "x-oss-object-acl")
    object_headers.refuse_without_effect(call.request)
    may_overwrite(call)
    upload = call.bucket().start_upload(
        call.request.key,
        content_type=object_headers.content_type(call.request),
        metadata=object_headers.metadata(call.request),
    )
    encode = call.name_encoder()
    content = {
        "Bucket": call.request.bucket,
        "EncodingType": call.request.parameter("encoding-type") or None,
        "Key": encode(upload.key),
        "UploadId": upload.id,
    }
    return xml_reply("InitiateMultipartUploadResult", content)


def upload_part(call: Call) -> Reply:
    """``PUT /bucket/key?partNumber&uploadId``: store a part, or a copy of another object."""
    number = call.number("partNumber", default=None, least=1, most=_MAX_PART_NUMBER)
    upload = _upload(call)
    if call.request.header("x-oss-copy-source"):
        return _upload_part_copy(call, upload, number)
    part = upload.write_part(number, call.body.chunks())
    return Reply(headers=_part_headers(part))


def complete_multipart_upload(call: Call) -> Reply:
    """``POST /bucket/key?uploadId``: make the object of its parts."""
    upload = _upload(call)
    overwrite = may_overwrite(call)
    body = call.body.read(xml.MAX_XML_BYTES)
    every_part = call.request.header("x-oss-complete-all").lower() == "yes"
    info = upload.complete(
        None if every_part else _named_parts(body),
        least_part=_LEAST_PART_BYTES,
        overwrite=overwrite,
    )
    encode = call.name_encoder()
    path = f"/{call.request.bucket}/{quote(info.key)}"
    content = {
        "EncodingType": call.request.parameter("encoding-type") or None,
        "Location": f"http://{call.request.header('host')}{path}",
        "Bucket": call.request.bucket,
        "Key": encode(info.key),
        "ETag": f'"{info.etag}"',
    }
    headers = object_headers.version_headers(info)
    return xml_reply("CompleteMultipartUploadResult", content, headers)


def abort_multipart_upload(call: Call) -> Reply:
    """``DELETE /bucket/key?uploadId``: forget an upload and its parts."""
    _upload(call).abort()
    return Reply(204)


def list_parts(call: Call) -> Reply:
    """``GET /bucket/key?uploadId``: the parts that are there."""
    upload = _upload(call)
    limit = call.number("max-parts", default=_MAX_LISTED, least=1, most=_MAX_LISTED)
    marker = call.number("part-number-marker", default=0, least=0, most=_MAX_PART_NUMBER)
    found = [part for part in upload.parts() if part.number > marker]
    shown = found[:limit]
    encode = call.name_encoder()
    content = {
        "Bucket": call.request.bucket,
        "EncodingType": call.request.parameter("encoding-type") or None,
        "Key": encode(upload.key),
        "UploadId": upload.id,
        "StorageClass": "Standard",
        "PartNumberMarker": marker,
        "NextPartNumberMarker": shown[-1].number if shown else marker,
        "MaxParts": limit,
        "IsTruncated": len(found) > limit,
        "Part": [
            {
                "PartNumber": part.number,
                "LastModified": xml.timestamp(part.modified),
                "ETag": f'"{part.etag}"',
                "HashCrc64ecma": part.crc64,
                "Size": part.size,
            }
            for part in shown
        ],
    }
    return xml_reply("ListPartsResult", content)


def list_multipart_uploads(call: Call) -> Reply:
    """``GET /bucket?uploads``: the uploads that are neither complete nor aborted."""
    prefix = call.request.parameter("prefix") or ""
    delimiter = call.request.parameter("delimiter") or ""
    key_marker = call.request.parameter("key-marker") or ""
    id_marker = call.request.parameter("upload-id-marker") or ""
    limit = call.number("max-uploads", default=_MAX_LISTED, least=1, most=_MAX_LISTED)
    encode = call.name_encoder()
    entries = _entries(call, prefix, delimiter, (key_marker, id_marker))
    shown = entries[:limit]
    uploads = [entry for entry in shown if not isinstance(entry, str)]
    last = shown[-1] if len(entries) > limit else None
    content = {
        "Bucket": call.request.bucket,
        "EncodingType": call.request.parameter("encoding-type") or None,
        "KeyMarker": encode(key_marker),
        "UploadIdMarker": id_marker,
        "NextKeyMarker": encode(last if isinstance(last, str) else last.key) if last else "",
        "NextUploadIdMarker": last.id if last and not isinstance(last, str) else "",
        "Delimiter": encode(delimiter),
        "Prefix": encode(prefix),
        "MaxUploads": limit,
        "IsTruncated": last is not None,
        "Upload": [
            {
                "Key": encode(upload.key),
                "UploadId": upload.id,
                "StorageClass": "Standard",
                "Initiated": xml.timestamp(upload.started),
            }
            for upload in uploads
        ],
        "CommonPrefixes": [{"Prefix": encode(entry)} for entry in shown if isinstance(entry, str)],
    }
    return xml_reply("ListMultipartUploadsResult", content)


def _entries(
    call: Call, prefix: str, delimiter: str, marker: tuple[str, str]
) -> list[Upload | str]:
    """The uploads after the marker, those with a common prefix as that prefix."""
    entries: list[Upload | str] = []
    ordered = sorted(call.bucket().uploads(), key=lambda upload: (upload.key, upload.id))
    for upload in ordered:
        common = common_prefix(upload.key, prefix, delimiter)
        if not upload.key.startswith(prefix) or (common and common in {marker[0], *entries[-1:]}):
            continue
        after_key = upload.key > marker[0]
        after_id = upload.key == marker[0] and bool(marker[1]) and upload.id > marker[1]
        if after_key or after_id:
            entries.append(common or upload)
    return entries


def _upload(call: Call) -> Upload:
    identifier = call.request.parameter("uploadId") or ""
    upload = call.bucket().upload(identifier)
    if upload.key != call.request.key:
        raise UploadNotFoundError(f"the upload {identifier!r} is not one of this key")
    return upload


def _upload_part_copy(call: Call, upload: Upload, number: int) -> Reply:
    with open_source(call) as reader:
        offset, length = copy_range(call.request, reader.size)
        part = upload.write_part(number, read_chunks(reader, offset, length))
    content = {"LastModified": xml.timestamp(part.modified), "ETag": f'"{part.etag}"'}
    return xml_reply("CopyPartResult", content, _part_headers(part))


def _part_headers(part: PartInfo) -> dict[str, str]:
    headers = {"etag": f'"{part.etag}"'}
    if part.crc64 is not None:
        headers["x-oss-hash-crc64ecma"] = str(part.crc64)
    return headers


def _named_parts(body: bytes) -> list[tuple[int, str]]:
    parts = [
        _named_part(item) for item in xml.parse(body, "CompleteMultipartUpload").findall("Part")
    ]
    if not parts:
        raise MALFORMED_XML.error("CompleteMultipartUpload names no Part.")
    if any(one[0] >= other[0] for one, other in pairwise(parts)):
        raise INVALID_PART_ORDER.error()
    return parts


def _named_part(item: Element) -> tuple[int, str]:
    number = (item.findtext("PartNumber") or "").strip()
    etag = item.findtext("ETag")
    if etag is None or not _PART_NUMBER.fullmatch(number):
        raise MALFORMED_XML.error("A Part has a PartNumber and an ETag.")
    return int(number), etag.strip()
