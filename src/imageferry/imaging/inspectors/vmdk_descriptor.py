"""The text within a VMDK that says what the disk is made of.

qemu searches this text for words, wherever they stand. So every line must be one
that we understand, and the words that lead to other files must not stand anywhere.
"""

from __future__ import annotations

import re

from imageferry.imaging.errors import (
    BACKING_FILE,
    CORRUPT,
    ENCRYPTED,
    EXTERNAL_DATA,
    FORMAT_UNSUPPORTED,
)

SUBFORMATS = {"monolithicsparse": "monolithicSparse", "streamoptimized": "streamOptimized"}
"""The kinds of VMDK that are accepted, by their name in lower case."""

_SETTING = re.compile(r'([\w.:]+)\s*=\s*(?:"([^"]*)"|([^"]*))')
_EXTENT = re.compile(
    r'(RW|RDONLY|NOACCESS)\s+(\d+)\s+(\w+)(?:\s+"([^"]*)"(?:\s+\d+)?)?', re.IGNORECASE
)
_NO_PARENT = "ffffffff"


def check_descriptor(data: bytes) -> str:
    """Check the text; return the kind of disk that it describes.

    Args:
        data: The text up to its first NUL.

    Raises:
        ImageError: the text names another file, or is not wholly understood.
    """
    text = data.decode("latin-1")
    _check_words(text)
    settings: dict[str, str] = {}
    extents = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        if line.startswith("#"):
            continue
        if extent := _EXTENT.fullmatch(line):
            extents.append(extent)
        elif setting := _SETTING.fullmatch(line):
            _add_setting(settings, setting)
        else:
            raise CORRUPT.error(f"The VMDK's descriptor has the line {line[:80]!r}.")
    _check_settings(settings)
    _check_extents(extents)
    return _subformat(settings)


def _check_words(text: str) -> None:
    lowered = text.lower()
    if "parentfilenamehint" in lowered:
        raise BACKING_FILE.error("The VMDK's descriptor names a parent.")
    for word in ("parentcid", "createtype"):
        if lowered.count(word) != 1:
            raise CORRUPT.error(
                f"The VMDK's descriptor has the word {word} {lowered.count(word)} times."
            )


def _add_setting(settings: dict[str, str], match: re.Match[str]) -> None:
    key, quoted, plain = match.groups()
    if key.lower() in settings:
        raise CORRUPT.error(f"The VMDK's descriptor says {key[:80]!r} twice.")
    settings[key.lower()] = quoted if quoted is not None else plain.strip()


def _check_settings(settings: dict[str, str]) -> None:
    if any(key.startswith("encryption") for key in settings):
        raise ENCRYPTED.error("The VMDK's descriptor says that it is encrypted.")
    parent = settings.get("parentcid", "")
    if parent.lower() != _NO_PARENT:
        raise BACKING_FILE.error(f"The VMDK's parent is {parent[:80]!r}.")


def _check_extents(extents: list[re.Match[str]]) -> None:
    if len(extents) != 1:
        raise EXTERNAL_DATA.error(f"The VMDK is made of {len(extents)} extents, not of one.")
    access, _, kind, name = extents[0].groups()
    if kind.upper() != "SPARSE" or access.upper() == "NOACCESS":
        raise EXTERNAL_DATA.error(f"The VMDK's extent is {access} {kind[:80]}.")
    if not name or "/" in name or "\\" in name:
        raise EXTERNAL_DATA.error(f"The VMDK's extent is named {(name or '')[:80]!r}.")


def _subformat(settings: dict[str, str]) -> str:
    kind = settings.get("createtype", "")
    if kind.lower() not in SUBFORMATS:
        raise FORMAT_UNSUPPORTED.error(f"The VMDK's type is {kind[:80]!r}.")
    return SUBFORMATS[kind.lower()]
