"""The members of a tar archive, read one after another and trusted in nothing.

Only plain files and folders are accepted: nothing is ever written under a name that an archive
gives, but what looks like an attack is refused and not passed over. Layout: the ustar and pax
formats of POSIX.1-2008, with GNU's long names and large sizes.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from imageferry.imaging.errors import ARCHIVE_CORRUPT, ARCHIVE_REFUSED, TRUNCATED

BLOCK = 512

MAX_MEMBERS = 64
"""Headers that are looked at; an OVA has a handful."""

_MAX_EXTENSION_BYTES = 64 * 1024
_MAX_SIZE = 1 << 60
_MAGIC_AT = 257
_MAGIC = b"ustar"
_TYPE_AT = 156
_CHECKSUM = slice(148, 156)
_SIZE = slice(124, 136)
_BASE_256 = 0x80
_OCTAL_DIGITS = b"01234567"
_FILES = (b"0", b"\0", b"7")
_FOLDER = b"5"
_GNU_NAME = b"L"
_PAX = b"x"
_PAX_GLOBAL = b"g"
_REFUSED_TYPES = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
    b"K": "a link",
    b"S": "a sparse file of GNU tar",
}


class Cursor(Protocol):
    """Bytes that are read from the front to the back.

    Attributes:
        position: How many were read or passed over.
    """

    position: int

    def read(self, length: int) -> bytes:
        """The next bytes; fewer only at the end."""
        ...

    def skip(self, length: int) -> None:
        """Pass over bytes; beyond the end too."""
        ...


@dataclass(frozen=True)
class Member:
    """A plain file in an archive.

    Attributes:
        name: Its name, for people.
        offset: Where its bytes begin in the archive.
        size: How many they are.
    """

    name: str
    offset: int
    size: int


def is_tar(head: bytes) -> bool:
    """Whether bytes begin with a header of an archive that is no older than POSIX."""
    return head.startswith(_MAGIC, _MAGIC_AT) and _checksum_fits(head[:BLOCK])


def members(cursor: Cursor) -> Iterator[Member]:
    """The plain files of an archive.

    At each of them the cursor stands at its first byte; it may be read before going on, not
    beyond its end.

    Raises:
        ImageError: the archive is damaged, or holds what a disk's archive has no need of.
    """
    name, size = "", -1
    for _ in range(MAX_MEMBERS):
        header = cursor.read(BLOCK)
        if header == bytes(BLOCK):
            return
        kind, own_name, own_size = _parse(header, cursor.position - BLOCK)
        if kind in (_PAX, _PAX_GLOBAL, _GNU_NAME):
            name, size = _extended(kind, _read_extension(cursor, own_size), name, size)
            continue
        member = Member(name or own_name, cursor.position, own_size if size < 0 else size)
        _check(member, kind)
        name, size = "", -1
        if kind in _FILES:
            yield member
        elif member.size:
            raise ARCHIVE_CORRUPT.error(f"The archive's folder {member.name!r} has a size.")
        end = member.offset + member.size
        cursor.skip(end - cursor.position + -member.size % BLOCK)
    raise ARCHIVE_REFUSED.error(f"The archive has more than {MAX_MEMBERS} members.")


def _parse(header: bytes, position: int) -> tuple[bytes, str, int]:
    """A header's type, name and size."""
    if len(header) < BLOCK:
        raise TRUNCATED.error(f"The archive ends at byte {position + len(header)}.")
    if not is_tar(header):
        raise ARCHIVE_CORRUPT.error(f"The archive has no sound header at byte {position}.")
    name = _text(header[:100])
    prefix = _text(header[345:500]) if header[263:265] == b"00" else ""
    kind = header[_TYPE_AT : _TYPE_AT + 1]
    return kind, f"{prefix}/{name}" if prefix else name, _number(header[_SIZE], position)


def _checksum_fits(header: bytes) -> bool:
    """Whether a header is the one that was written: the sum, its own field being blanks."""
    digits = header[_CHECKSUM].strip(b" \0")
    if not digits or digits.strip(_OCTAL_DIGITS):
        return False
    return int(digits, 8) == sum(header) - sum(header[_CHECKSUM]) + 8 * ord(" ")


def _number(field: bytes, position: int) -> int:
    digits = field.strip(b" \0")
    if field[0] == _BASE_256:
        number = int.from_bytes(field[1:], "big")
    elif digits.strip(_OCTAL_DIGITS):
        number = _MAX_SIZE
    else:
        number = int(digits or b"0", 8)
    if number >= _MAX_SIZE:
        raise ARCHIVE_CORRUPT.error(f"The archive's header at byte {position} has no sound size.")
    return number


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")


def _read_extension(cursor: Cursor, size: int) -> bytes:
    if size > _MAX_EXTENSION_BYTES:
        raise ARCHIVE_REFUSED.error(f"The archive has a header of {size} bytes.")
    data = cursor.read(size)
    if len(data) < size:
        raise TRUNCATED.error("The archive ends within a header.")
    cursor.skip(-size % BLOCK)
    return data


def _extended(kind: bytes, data: bytes, name: str, size: int) -> tuple[str, int]:
    """The next member's name and size, after what a header has said of it."""
    if kind == _GNU_NAME:
        return _text(data), size
    for key, value in _pax_records(data):
        if key.startswith(b"GNU.sparse"):
            raise ARCHIVE_REFUSED.error("The archive holds a sparse file of GNU tar.")
        if kind == _PAX_GLOBAL and key in (b"path", b"size"):
            raise ARCHIVE_REFUSED.error("The archive gives one name or size to all its members.")
        if key == b"path":
            name = _text(value)
        elif key == b"size":
            size = _decimal(value)
    return name, size


def _pax_records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of records that each tell their own length."""
    while data:
        length = _decimal(data.partition(b" ")[0])
        record, data = data[:length], data[length:]
        key, found, value = record.partition(b" ")[2].partition(b"=")
        if len(record) < length or not found or not record.endswith(b"\n"):
            raise ARCHIVE_CORRUPT.error("The archive has a header with a damaged record.")
        yield key, value[:-1]


def _decimal(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > len(str(_MAX_SIZE)) or int(digits) >= _MAX_SIZE:
        raise ARCHIVE_CORRUPT.error(f"The archive has a number {digits[:20]!r} in a header.")
    return int(digits)


def _check(member: Member, kind: bytes) -> None:
    if kind not in (*_FILES, _FOLDER):
        what = _REFUSED_TYPES.get(kind, f"a member of the type {kind!r}")
        raise ARCHIVE_REFUSED.error(f"The archive holds {what}, {member.name[:200]!r}.")
    parts = member.name.replace("\\", "/").split("/")
    if posixpath.isabs(member.name) or ".." in parts or not member.name:
        raise ARCHIVE_REFUSED.error(
            f"The archive holds a member of the name {member.name[:200]!r}, which leads out of it."
        )
