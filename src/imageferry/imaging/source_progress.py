"""How much of a source is done with, where its bytes are both taken and hashed."""

from __future__ import annotations

from collections.abc import Callable


class SourceProgress:
    """Shows the bytes of a source that are done with.

    A hash may end long after the last block of the disk was written, or the other way round. So
    what is shown is as much of the whole as of the one that is behind.

    Args:
        show: Gets the bytes that are done with.
        total: How many there are to take.
        size: The source's size in bytes.
        hashed: Gives the bytes of the source that are hashed; ``None`` where none need to be.
    """

    def __init__(
        self,
        show: Callable[[int], None],
        *,
        total: int,
        size: int,
        hashed: Callable[[], int] | None,
    ) -> None:
        self._show = show
        self._total = total
        self._size = size
        self._hashed = hashed
        self._taken = 0

    def taken(self, done: int) -> None:
        """Note that so many bytes were taken, and show what is done with."""
        self._taken = done
        self.show()

    def show(self) -> None:
        """Show what is done with now."""
        done = self._taken
        if self._hashed is not None and self._size:
            done = min(done, self._total * self._hashed() // self._size)
        self._show(done)
