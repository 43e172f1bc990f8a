"""The digests that an OVA keeps of its files: its manifest, trusted in nothing but these.

The layout is that of the OVF specification (DSP0243, "Distribution"): a file of the descriptor's
name, but for its ending, with a line ``SHA256(disk.vmdk)= 01ab...`` for each file. Programs differ
in blanks, in the ends of lines and in the names of the algorithms: OpenSSL writes ``SHA2-256`` now.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imageferry.imaging.errors import ARCHIVE_CORRUPT, ARCHIVE_REFUSED, MANIFEST_MISMATCH
from imageferry.imaging.packaging.tar import Member
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.source import ByteSource

_MAX_MANIFEST_BYTES = 64 * 1024
_MAX_DESCRIPTOR_BYTES = 1024 * 1024
_MAX_LINE_BYTES = 1024
_SUFFIX = ".mf"
_LINE = re.compile(r"([A-Za-z0-9-]+) ?\((.+)\) ?= ?([0-9A-Fa-f]+)")
_ALGORITHMS = {
    "SHA1": "sha1",
    "SHA256": "sha256",
    "SHA2-256": "sha256",
    "SHA384": "sha384",
    "SHA2-384": "sha384",
    "SHA512": "sha512",
    "SHA2-512": "sha512",
}


@dataclass(frozen=True)
class Digest:
    """The digest that a file is said to have.

    Attributes:
        algorithm: Its name in :mod:`hashlib`.
        hexdigest: The digest in lower hexadecimal digits.
    """

    algorithm: str
    hexdigest: str

    def __str__(self) -> str:
        return f"{self.algorithm.upper()} {self.hexdigest}"

    def check(self, name: str, found: str) -> None:
        """Compare it with what was found.

        Args:
            name: The file, for people.
            found: Its digest by the same algorithm, in lower hexadecimal digits.

        Raises:
            ImageError: it is another.
        """
        if found != self.hexdigest:
            raise MANIFEST_MISMATCH.error(
                f"The file {name[:200]!r} of the OVA has the {self.algorithm.upper()} {found}, but"
                f" its manifest says {self.hexdigest}."
            )


def digest_of_disk(
    source: ByteSource, descriptor: Member, files: Sequence[Member], disk: Member
) -> Digest | None:
    """The digest that the disk of an OVA is to have, as far as a manifest tells it.

    What the manifest says of the descriptor is looked at here. Lines on files that the OVA does
    not hold, and of algorithms other than SHA-1 and SHA-2, are passed over.

    Args:
        source: The OVA.
        descriptor: Its descriptor.
        files: All of its files.
        disk: The one that is the disk.

    Raises:
        ImageError: the manifest is damaged or too long, or the descriptor is not what it says.
    """
    name = _name(descriptor).rpartition(".")[0] + _SUFFIX
    manifest = next((file for file in files if _name(file) == name), None)
    if manifest is None:
        return None
    digests = parse(_read(source, manifest, _MAX_MANIFEST_BYTES))
    expected = digests.get(_name(descriptor))
    if expected is not None:
        text = _read(source, descriptor, _MAX_DESCRIPTOR_BYTES)
        expected.check(descriptor.name, hashlib.new(expected.algorithm, text).hexdigest())
    return digests.get(_name(disk))


def parse(manifest: bytes) -> Mapping[str, Digest]:
    """The digest of each file that a manifest names: the longest one, where it has several.

    Raises:
        ImageError: it is damaged, or says two things of one file.
    """
    found: dict[str, Digest] = {}
    lines = manifest.decode("utf-8-sig", "replace").split("\n")
    for number, line in enumerate(lines, start=1):
        text = " ".join(line.split())
        if not text:
            continue
        match = _LINE.fullmatch(text) if len(line) <= _MAX_LINE_BYTES else None
        if match is None:
            raise _damaged(number, text)
        algorithm = _ALGORITHMS.get(match[1].upper())
        if algorithm is not None:
            if len(match[3]) != 2 * hashlib.new(algorithm).digest_size:
                raise _damaged(number, text)
            _add(found, posixpath.normpath(match[2]), Digest(algorithm, match[3].lower()))
    return found


def _add(found: dict[str, Digest], name: str, digest: Digest) -> None:
    before = found.setdefault(name, digest)
    if before.algorithm == digest.algorithm and before != digest:
        raise ARCHIVE_REFUSED.error(f"The OVA's manifest has two digests of {name[:200]!r}.")
    if len(digest.hexdigest) > len(before.hexdigest):
        found[name] = digest


def _damaged(number: int, text: str) -> Exception:
    return ARCHIVE_CORRUPT.error(
        f"Line {number} of the OVA's manifest is no digest of a file: {text[:100]!r}."
    )


def _name(member: Member) -> str:
    return posixpath.normpath(member.name)


def _read(source: ByteSource, member: Member, most: int) -> bytes:
    if member.size > most:
        raise ARCHIVE_REFUSED.error(
            f"The OVA's file {member.name[:200]!r} has {member.size} bytes; at most {most} are"
            " accepted of a manifest or of a descriptor that is in one."
        )
    return BoundedReader(source, most).read(member.offset, member.size, "manifest")
