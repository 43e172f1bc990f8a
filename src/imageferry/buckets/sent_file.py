"""A local file in the making whose bytes are sent while they are written."""

from __future__ import annotations

from pathlib import Path

from imageferry.buckets.draft import CopySource, Draft, StagedObject
from imageferry.buckets.file_draft import FileDraft


class SentFile:
    """A draft of an object that lies in a file as well, where its bytes can be read again.

    A remote store gives nothing back before the object is seen.

    Args:
        file: The file.
        draft: The object; whoever goes on with it needs the file too.
    """

    def __init__(self, file: FileDraft[Path], draft: Draft) -> None:
        self._file = file
        self._draft = draft

    @property
    def id(self) -> str:
        """What the object is found again by."""
        return self._draft.id

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    @property
    def given(self) -> int:
        """Up to where all bytes are in both or on their way, in bytes."""
        return min(self._file.given, self._draft.given)

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Put bytes at a place in both.

        Raises:
            StoreError: these or earlier bytes could not be stored.
            OSError: there is no room for them.
        """
        self._file.write(offset, data)
        self._draft.write(offset, data)

    def copy(self, source: CopySource, offset: int, length: int) -> None:
        """Put bytes of a source at the same place in both.

        Raises:
            StoreError: they could not be read, or these or earlier bytes could not be stored.
            OSError: there is no room for them.
        """
        self.write(offset, source.pread(offset, length))

    def keep(self, end: int) -> None:
        """Wait until all bytes before a place can be gone on with in both.

        Raises:
            StoreError: they could not be stored.
            OSError: they could not be brought to the disk.
        """
        self._file.keep(end)
        self._draft.keep(end)

    def finish(self, size: int) -> StagedObject:
        """Wait until all is stored, and the file safe on the disk.

        Raises:
            StoreError: something could not be stored.
            OSError: there is no room for it.
        """
        self._file.finish(size)
        return self._draft.finish(size)

    def leave(self) -> None:
        """Let go of both, for good."""
        self._file.leave()
        self._draft.leave()
