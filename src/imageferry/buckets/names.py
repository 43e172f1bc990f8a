"""Names of buckets and objects: OSS's rules, and how a key becomes a file name.

A key is stored flat: one file in the bucket's folder, whatever slashes it has,
so ``a`` and ``a/b`` may both exist and no key leads out of the folder. Names of
files that this encoding would not have made mean nothing and are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from imageferry.buckets.interface import InvalidBucketNameError, InvalidObjectNameError

MAX_KEY_BYTES = 1023
_MAX_PIECE_BYTES = 240
_CONTINUED = "%"
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
# A fixed list: "printable" and "letter" change with Python's edition of Unicode,
# and an object must keep its file name through an upgrade.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f%/\\\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def check_bucket_name(name: str) -> None:
    """Refuse a name that breaks OSS's rules.

    Raises:
        InvalidBucketNameError: it does.
    """
    if not is_bucket_name(name):
        raise InvalidBucketNameError(
            f"{name!r} is no bucket name: use 3 to 63 of a-z, 0-9 and -, with no - at an end"
        )


def is_bucket_name(name: str) -> bool:
    """Whether OSS allows a bucket of that name."""
    return _BUCKET_NAME.fullmatch(name) is not None


def check_key(key: str) -> None:
    """Refuse a key that breaks OSS's rules, or holds a NUL.

    Raises:
        InvalidObjectNameError: it does.
    """
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        raise InvalidObjectNameError("the object name is not valid UTF-8") from None
    if not 1 <= length <= MAX_KEY_BYTES:
        raise InvalidObjectNameError(
            f"the object name has {length} bytes: it may have 1 to {MAX_KEY_BYTES}"
        )
    if key[0] in "/\\" or "\0" in key:
        raise InvalidObjectNameError("an object name cannot begin with / or \\ or hold a NUL")


def file_names(key: str) -> tuple[str, ...]:
    """The folders and the file, below the bucket's folder, that hold an object.

    Nearly always that is one name. A name too long for a file system is cut
    into folders whose names end in ``%``, as no file name does.

    Raises:
        InvalidObjectNameError: the key breaks OSS's rules.
    """
    check_key(key)
    whole = _encoded(key[0], leading=True) + _UNSAFE.sub(_escaped, key[1:])
    if len(whole.encode()) <= _MAX_PIECE_BYTES:
        return (whole,)
    *folders, file = _pieces(key)
    return (*(folder + _CONTINUED for folder in folders), file)


def is_folder_name(name: str) -> bool:
    """Whether a name below a bucket's folder is that of a cut name's folder."""
    return name.endswith(_CONTINUED)


def key_of(names: Sequence[str]) -> str | None:
    """The key whose :func:`file_names` are these, or ``None`` where they are no key's."""
    encoded = "".join(name.removesuffix(_CONTINUED) for name in names)
    try:
        key = unquote(encoded, errors="strict")
        return key if file_names(key) == tuple(names) else None
    except (UnicodeDecodeError, InvalidObjectNameError):
        return None


def _pieces(key: str) -> Iterator[str]:
    piece, size = "", 0
    for character in key:
        encoded = _encoded(character, leading=not piece)
        length = len(encoded.encode())
        if size + length > _MAX_PIECE_BYTES:
            yield piece
            encoded, piece, size = _encoded(character, leading=True), "", 0
            length = len(encoded.encode())
        piece += encoded
        size += length
    yield piece


def _encoded(character: str, *, leading: bool) -> str:
    if leading and character == ".":
        return "%2E"
    return _UNSAFE.sub(_escaped, character)


def _escaped(unsafe: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in unsafe[0].encode())
