"""What is known of a file's content besides its bytes: ETag, CRC, media type, metadata.

It is kept in an extended attribute of the file itself. So content and description
are one thing: they reach the disk by one ``fsync``, and get their name by one
rename. Where the file system keeps no such attribute, or none so large, a sidecar
takes its place (:mod:`imageferry.buckets.sidecars`).

Either names the size and the time of change of the content that it describes. A
file that somebody else made or changed, or that was copied without its attributes,
has no description that fits.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import msgspec

from imageferry.buckets.sidecars import Description, Sidecars

_ATTRIBUTE_PREFIX = "user.imageferry."
_NO_ROOM = frozenset(
    {errno.ENOTSUP, errno.E2BIG, errno.ERANGE, errno.ENOSPC, errno.EDQUOT, errno.EACCES}
    # A file with neither owner nor mode to write may still be moved by the folder's owner.
    | {errno.EPERM}
)
_NOT_THERE = _NO_ROOM | {errno.ENODATA}


class _Attribute(msgspec.Struct, frozen=True):
    """The attribute's content, as JSON, so that ``getfattr`` shows it.

    Attributes:
        size: The content's size in bytes.
        modified: When the content changed last, Unix time in nanoseconds.
        description: What is known of it. Its name is that which the file had first.
    """

    size: int
    modified: int
    description: Description


_DECODER = msgspec.json.Decoder(_Attribute)


class Descriptions:
    """The descriptions of files that serve one purpose.

    Args:
        purpose: Names the attribute. A part of an upload may be an object too, by a
            second link, and has a description as each.
        sidecars: Where descriptions are that are no attribute.
    """

    def __init__(self, purpose: str, sidecars: Sidecars) -> None:
        self._attribute = _ATTRIBUTE_PREFIX + purpose
        self._sidecars = sidecars

    def write(self, fd: int, description: Description) -> os.stat_result:
        """Describe an open file, whose content must not change any more.

        The description is as safe as the content: that is, once the file is synced.

        Returns:
            The file's status.

        Raises:
            OSError: the disk is full.
        """
        status = os.fstat(fd)
        attribute = _Attribute(status.st_size, status.st_mtime_ns, description)
        try:
            os.setxattr(fd, self._attribute, msgspec.json.encode(attribute))
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            self._remove_attribute(fd)
            self._sidecars.write(status, description)
        return status

    def find(self, name: str, file: int | Path, status: os.stat_result) -> Description | None:
        """The description that was written for a file, if any.

        Args:
            name: The key, or part, that the file is.
            file: The open file, or its path.
            status: Its status.
        """
        try:
            attribute = _DECODER.decode(os.getxattr(file, self._attribute))
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise
        except msgspec.DecodeError:
            pass
        else:
            if (attribute.size, attribute.modified) == (status.st_size, status.st_mtime_ns):
                return _named(attribute.description, name)
        return self._sidecars.find(name, status)

    def remove(self, name: str, status: os.stat_result) -> None:
        """Forget what does not go away with the file itself."""
        self._sidecars.remove(name, status)

    def _remove_attribute(self, fd: int) -> None:
        """An older description of the same content must not outlive the new one."""
        try:
            os.removexattr(fd, self._attribute)
        except OSError as error:
            if error.errno not in {errno.ENODATA, errno.ENOTSUP}:
                raise


def status_etag(status: os.stat_result) -> str:
    """An ETag that changes with the file's content and needs no reading of it."""
    return f"{status.st_ino:X}-{status.st_size:X}-{status.st_mtime_ns:X}"


def _named(description: Description, name: str) -> Description:
    if description.name == name:
        return description
    return msgspec.structs.replace(description, name=name)
