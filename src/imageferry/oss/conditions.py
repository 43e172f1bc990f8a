"""Ranges, and conditions on an object's version (RFC 9110, with OSS's own deviations)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from imageferry.buckets.interface import ObjectInfo
from imageferry.oss.error_codes import INVALID_ARGUMENT, INVALID_RANGE, PRECONDITION_FAILED
from imageferry.oss.request import OssRequest

_RANGE = re.compile(r"bytes=([0-9]{0,19})-([0-9]{0,19})")
_COPY_RANGE = re.compile(r"bytes=([0-9]{1,19})-([0-9]{1,19})")


@dataclass(frozen=True)
class Conditions:
    """What has to hold of an object for a request to be carried out; empty for no condition."""

    match: str
    none_match: str
    modified_since: str
    unmodified_since: str

    @classmethod
    def of_read(cls, request: OssRequest) -> Conditions:
        """The conditions of a GET or HEAD."""
        return cls._from(request, "if-")

    @classmethod
    def of_copy(cls, request: OssRequest) -> Conditions:
        """The conditions that a copy makes on its source."""
        return cls._from(request, "x-oss-copy-source-if-")

    @classmethod
    def _from(cls, request: OssRequest, prefix: str) -> Conditions:
        names = ("match", "none-match", "modified-since", "unmodified-since")
        return cls(*(request.header(prefix + name) for name in names))

    def check(self, info: ObjectInfo) -> bool:
        """Whether the object has changed for its reader.

        Returns:
            Whether to go on; ``False`` means that the reader's version is current.

        Raises:
            OssError: the object is not the version that was asked for.
        """
        if self.match and not _matches(self.match, info.etag):
            raise PRECONDITION_FAILED.error(Condition="If-Match")
        not_after = _parsed(self.unmodified_since)
        if not self.match and not_after and _modified(info) > not_after:
            raise PRECONDITION_FAILED.error(Condition="If-Unmodified-Since")
        if self.none_match:
            return not _matches(self.none_match, info.etag)
        known = _parsed(self.modified_since)
        return known is None or _modified(info) > known


def requested_range(request: OssRequest, size: int) -> tuple[int, int] | None:
    """The ``(offset, length)`` that a Range header asks for; ``None`` for the whole object.

    OSS answers a range that reaches beyond the object with the whole object,
    unless ``x-oss-range-behavior: standard`` asks for what RFC 9110 says.

    Raises:
        OssError: the standard behaviour is asked for, and the range is beyond the object.
    """
    match = _RANGE.fullmatch(request.header("range"))
    if match is None or match[0] == "bytes=-":
        return None
    standard = request.header("x-oss-range-behavior") == "standard"
    first, last = _bounds(match[1], match[2], size)
    if first > last and match[1] and match[2] and int(match[1]) > int(match[2]):
        return None
    if first >= size or last < first:
        if standard:
            raise INVALID_RANGE.error(
                RangeRequested=request.header("range"), ActualObjectSize=str(size)
            )
        return None
    if last >= size and not standard:
        return None
    last = min(last, size - 1)
    return first, last - first + 1


def copy_range(request: OssRequest, size: int) -> tuple[int, int]:
    """The ``(offset, length)`` of the source that is to be copied; all where none is named.

    Raises:
        OssError: the range is malformed or beyond the source.
    """
    header = request.header("x-oss-copy-source-range")
    if not header:
        return 0, size
    match = _COPY_RANGE.fullmatch(header)
    if match is None:
        raise INVALID_ARGUMENT.error("x-oss-copy-source-range is not bytes=<first>-<last>.")
    first, last = int(match[1]), int(match[2])
    if not first <= last < size:
        raise INVALID_RANGE.error(RangeRequested=header, ActualObjectSize=str(size))
    return first, last - first + 1


def http_date(time: datetime) -> str:
    """A time as HTTP headers have it."""
    return format_datetime(time.astimezone(UTC).replace(microsecond=0), usegmt=True)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(size - int(last), 0), size - 1 if int(last) else -1
    return int(first), int(last) if last else size - 1


def _matches(header: str, etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")}
    return "*" in tags or etag in tags


def _modified(info: ObjectInfo) -> datetime:
    return info.modified.replace(microsecond=0)


def _parsed(date: str) -> datetime | None:
    """A date that cannot be read makes no condition (RFC 9110, section 13.1.3)."""
    if not date:
        return None
    try:
        time = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
