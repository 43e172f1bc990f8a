"""Files that are copied as they are, into drafts that another worker can go on with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from imageferry.buckets.draft import DraftBytes
from imageferry.engine.checkpoints import Saved
from imageferry.imaging.checkpoint import Checkpoint, Checkpoints
from imageferry.imaging.source import ByteSource
from imageferry.imaging.threads import StopSignal

COPY_STEP = 8 << 20
"""Bytes copied between two looks at whether to stop: some milliseconds' worth."""


class WholeCopy:
    """Copies a file into a draft, holes left out.

    Args:
        source: The file.
        draft: What takes its bytes.
        saved: What was noted when an earlier worker left the draft; ``None`` for a new one.
    """

    def __init__(self, source: ByteSource, draft: DraftBytes, saved: Saved | None) -> None:
        self._source = source
        self._draft = draft
        self._end = saved.end if saved is not None else 0

    @property
    def end(self) -> int:
        """How far the file is copied, in bytes."""
        return self._end

    def state(self) -> bytes:
        """Nothing but its end has to be known to go on."""
        return b""

    def run(
        self, checkpoints: Checkpoints, *, stop: StopSignal, progress: Callable[[int], None]
    ) -> None:
        """Copy all, or what is left.

        Args:
            checkpoints: Where to note how far it has come.
            stop: Ends the work early.
            progress: Gets the place in the file up to which it is copied.

        Raises:
            StoppedError: it was stopped.
            StoreError: bytes could not be read or stored.
            OSError: likewise.
        """
        progress(self._end)
        for offset, length in self._steps():
            stop.check()
            self._draft.copy(self._source, offset, length)
            self._end = offset + length
            progress(self._end)
            checkpoints.offer(length, self._checkpoint)

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(offset=self._end, done=self._end)

    def _steps(self) -> Iterator[tuple[int, int]]:
        """The ranges that hold data behind what is copied, in pieces."""
        begun = self._end
        for start, length in self._source.data_ranges():
            end = start + length
            for offset in range(max(start, begun), end, COPY_STEP):
                yield offset, min(COPY_STEP, end - offset)
