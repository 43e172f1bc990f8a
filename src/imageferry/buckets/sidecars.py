"""Descriptions of files, each in a small file of its own.

They stand in for the attributes of :mod:`imageferry.buckets.descriptions`. The
sidecar's name holds the inode, the size and the time of change of the file it
belongs to. It is written first; then the file is renamed into place, and content
and description change in that one step. A file that somebody else put there, or
changed, has no sidecar that fits.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from imageferry.buckets.files import TEMPORARY_PREFIX, write_new

DEFAULT_CONTENT_TYPE = "application/octet-stream"


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a file's content. ``name`` is the key or part it belongs to."""

    name: str
    etag: str
    crc64: int | None = None
    content_type: str = DEFAULT_CONTENT_TYPE
    metadata: Mapping[str, str] = {}


@dataclass(frozen=True)
class Sidecar:
    """A sidecar that was found: where it is, and whose it is."""

    path: Path
    description: Description | None


class Sidecars:
    """The sidecars of the files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, status: os.stat_result, description: Description) -> None:
        """Describe the file of that status. Its content must not change any more."""
        write_new(self.path(description.name, status), msgspec.json.encode(description))

    def find(self, name: str, status: os.stat_result) -> Description | None:
        """The description that was written for a file, if any."""
        return _decoded(self.path(name, status))

    def remove(self, name: str, status: os.stat_result) -> None:
        """Forget the description of a file."""
        with suppress(FileNotFoundError):
            self.path(name, status).unlink()

    def all(self) -> Iterator[Sidecar]:
        """Every sidecar that is there."""
        with suppress(FileNotFoundError):
            for path in self._folder.iterdir():
                if not path.name.startswith(TEMPORARY_PREFIX):
                    yield Sidecar(path, _decoded(path))

    def path(self, name: str, status: os.stat_result) -> Path:
        """Where the sidecar of a file is."""
        digest = hashlib.sha256(name.encode()).hexdigest()[:32]
        version = f"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}"
        return self._folder / f"{digest}.{version}.json"


def _decoded(path: Path) -> Description | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Description)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
