"""Operations on objects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import unquote

from imageferry.buckets.interface import ObjectInfo, ObjectNotFoundError, ObjectReader
from imageferry.oss import object_headers, xml
from imageferry.oss.bucket_operations import refuse_public
from imageferry.oss.call import Call
from imageferry.oss.conditions import Conditions, requested_range
from imageferry.oss.error_codes import (
    FILE_ALREADY_EXISTS,
    INVALID_ARGUMENT,
    MALFORMED_XML,
    NOT_IMPLEMENTED,
    PRECONDITION_FAILED,
)
from imageferry.oss.listing import MAX_KEYS
from imageferry.oss.reply import ByteRange, Reply, xml_reply

_COPY_CHUNK = 1 << 20
_NOT_MODIFIED = 304
_PARTIAL_CONTENT = 206


def put_object(call: Call) -> Reply:
    """``PUT /bucket/key``: store an object, or a copy of another."""
    refuse_public(call, "x-oss-object-acl")
    object_headers.refuse_without_effect(call.request)
    overwrite = may_overwrite(call)
    if call.request.header("x-oss-copy-source"):
        return _copy_object(call, overwrite=overwrite)
    info = call.bucket().put(
        call.request.key,
        call.body.chunks(),
        content_type=object_headers.content_type(call.request),
        metadata=object_headers.metadata(call.request),
        overwrite=overwrite,
    )
    return Reply(headers=object_headers.version_headers(info))


def get_object(call: Call) -> Reply:
    """``GET /bucket/key``: an object, or a range of it."""
    reader = call.bucket().open(call.request.key)
    try:
        reply = _opened(call, reader)
    except BaseException:
        reader.close()
        raise
    if reply.content is None:
        reader.close()
    return reply


def head_object(call: Call) -> Reply:
    """``HEAD /bucket/key``: what a GET would say of an object."""
    info = call.bucket().head(call.request.key)
    if not Conditions.of_read(call.request).check(info):
        return Reply(_NOT_MODIFIED, object_headers.version_headers(info))
    return Reply(headers=object_headers.object_headers(info), length=info.size)


def get_object_meta(call: Call) -> Reply:
    """``HEAD /bucket/key?objectMeta``: size and version of an object only."""
    info = call.bucket().head(call.request.key)
    return Reply(headers=object_headers.version_headers(info), length=info.size)


def delete_object(call: Call) -> Reply:
    """``DELETE /bucket/key``: delete an object; that there is none is no error."""
    call.bucket().delete(call.request.key)
    return Reply(204)


def delete_multiple_objects(call: Call) -> Reply:
    """``POST /bucket?delete``: delete many objects."""
    bucket = call.bucket()
    root = xml.parse(call.body.read(xml.MAX_XML_BYTES), "Delete")
    keys = [item.findtext("Key") or "" for item in root.findall("Object")]
    if not 1 <= len(keys) <= MAX_KEYS or "" in keys:
        raise MALFORMED_XML.error(f"Delete names 1 to {MAX_KEYS} objects by their Key.")
    for key in keys:
        bucket.delete(key)
    if root.findtext("Quiet") == "true":
        return xml_reply("DeleteResult", None)
    encode = call.name_encoder()
    content = {
        "EncodingType": call.request.parameter("encoding-type") or None,
        "Deleted": [{"Key": encode(key)} for key in keys],
    }
    return xml_reply("DeleteResult", content)


def get_object_acl(call: Call) -> Reply:
    """``GET /bucket/key?acl``: every object has its bucket's."""
    call.bucket().head(call.request.key)
    content = {"Owner": call.owner, "AccessControlList": {"Grant": "default"}}
    return xml_reply("AccessControlPolicy", content)


def put_object_acl(call: Call) -> Reply:
    """``PUT /bucket/key?acl``: an object can be made private, which it is."""
    call.bucket().head(call.request.key)
    refuse_public(call, "x-oss-object-acl")
    return Reply()


def get_object_tagging(call: Call) -> Reply:
    """``GET /bucket/key?tagging``: objects have no tags."""
    call.bucket().head(call.request.key)
    return xml_reply("Tagging", {"TagSet": {}})


def append_object(_: Call) -> Reply:
    """``POST /bucket/key?append``: refused, because objects here change whole or not at all."""
    raise NOT_IMPLEMENTED.error(
        "AppendObject is not supported: objects of this service change whole or not at all. "
        "Use PutObject or a multipart upload."
    )


def may_overwrite(call: Call) -> bool:
    """Whether the sender lets an object be replaced.

    One that is there already is refused before its bytes are read; the store
    decides of those that come at the same time.

    Raises:
        OssError: the object is there, and the sender forbids to overwrite it.
    """
    if call.request.header("x-oss-forbid-overwrite").lower() != "true":
        return True
    with suppress(ObjectNotFoundError):
        call.bucket().head(call.request.key)
        raise FILE_ALREADY_EXISTS.error(Key=call.request.key)
    return False


def open_source(call: Call) -> ObjectReader:
    """Open what a copy is made of, if its conditions hold.

    Raises:
        OssError: they do not, or the source is not named rightly, or not the caller's.
        StoreError: there is no such source.
    """
    source = call.request.header("x-oss-copy-source").partition("?versionId=")[0]
    bucket, _, key = unquote(source, errors="replace").removeprefix("/").partition("/")
    if not bucket or not key:
        raise INVALID_ARGUMENT.error("x-oss-copy-source is not /<bucket>/<key>, URL-encoded.")
    reader = call.bucket(bucket).open(key)
    try:
        _check_source(call, reader.info)
    except BaseException:
        reader.close()
        raise
    return reader


def read_chunks(reader: ObjectReader, offset: int, length: int) -> Iterator[bytes]:
    """The bytes of an open object from ``offset`` on, in chunks.

    Raises:
        EOFError: the object has become shorter.
    """
    while length:
        chunk = reader.pread(offset, min(length, _COPY_CHUNK))
        if not chunk:
            raise EOFError(f"{reader.info.key} became shorter while it was read")
        yield chunk
        offset, length = offset + len(chunk), length - len(chunk)


def _check_source(call: Call, source: ObjectInfo) -> None:
    if not Conditions.of_copy(call.request).check(source):
        raise PRECONDITION_FAILED.error(Condition="x-oss-copy-source-if")


def _opened(call: Call, reader: ObjectReader) -> Reply:
    info = reader.info
    if not Conditions.of_read(call.request).check(info):
        return Reply(_NOT_MODIFIED, object_headers.version_headers(info))
    headers = object_headers.object_headers(info) | object_headers.overridden_headers(call.request)
    part = requested_range(call.request, info.size)
    if part is None:
        return Reply(200, headers, content=ByteRange(reader, 0, info.size))
    offset, length = part
    headers["content-range"] = f"bytes {offset}-{offset + length - 1}/{info.size}"
    return Reply(_PARTIAL_CONTENT, headers, content=ByteRange(reader, offset, length))


def _copy_object(call: Call, *, overwrite: bool) -> Reply:
    bucket = call.bucket()
    with open_source(call) as reader:
        content_type, metadata = _copied_headers(call, reader.info)
        info = bucket.put(
            call.request.key,
            read_chunks(reader, 0, reader.size),
            content_type=content_type,
            metadata=metadata,
            overwrite=overwrite,
        )
    content = {"ETag": f'"{info.etag}"', "LastModified": xml.timestamp(info.modified)}
    return xml_reply("CopyObjectResult", content, object_headers.version_headers(info))


def _copied_headers(call: Call, source: ObjectInfo) -> tuple[str, dict[str, str]]:
    directive = call.request.header("x-oss-metadata-directive").upper()
    if directive == "REPLACE":
        return object_headers.content_type(call.request), object_headers.metadata(call.request)
    if directive not in {"", "COPY"}:
        raise INVALID_ARGUMENT.error("x-oss-metadata-directive is neither COPY nor REPLACE.")
    return source.content_type, dict(source.metadata)
