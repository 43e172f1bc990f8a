"""How far the transfer of a disk has come, noted now and then so that any worker can go on.

A note is made beside the transfer, and only when all that it speaks of is safe in the store.
It is a row of the database, which a worker that has lost its task cannot replace, and which is
gone when the task has ended.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import msgspec
import structlog
from isal import isal_zlib

from imageferry.buckets.draft import DraftBytes
from imageferry.database.connection import UNAVAILABLE
from imageferry.engine.ownership import Ownership
from imageferry.imaging.checkpoint import Checkpoint
from imageferry.imaging.hashed_output import NOTHING_WRITTEN, HashedOutput
from imageferry.imaging.sha256 import has_state
from imageferry.telemetry.logs import first_line
from imageferry.telemetry.threads import ContextThreads

_VERSION = 5
"""What the states of all that is written mean, and what writers write for a disk: whoever changes
either counts on, and transfers of workers of another version begin anew."""

_FASTEST = 1

_log = structlog.get_logger()


@dataclass(frozen=True)
class Interval:
    """How often the state of a transfer is noted.

    With what is fetched ahead (96 MiB), worked on, being sent (64 MiB) or put into a part, and the
    interval itself, at most 256 MiB are fetched again. Making a note takes 2.4 ms of processor
    time: at this interval 1.7 % of that of an import.

    Attributes:
        length: After so many bytes of the disk,
        seconds: or after so long, whichever is first.
    """

    length: int = 48 << 20
    seconds: float = 10.0


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What is noted of one moment of a transfer.

    Attributes:
        source: The version of what is moved: its ETag.
        draft_id: The object in the making.
        end: Up to where its bytes were safe.
        writer: The state of its writer.
        checkpoint: What the transfer knows.
        output_hash: The state of the hash of what was written, where there is one.
        file: The name of the local file that has the same bytes as the draft, up to the same
            place; empty where there is none.
        version: What all this means.
    """

    source: str
    draft_id: str
    end: int
    writer: bytes
    checkpoint: Checkpoint
    output_hash: tuple[int, bytes] = NOTHING_WRITTEN
    file: str = ""
    version: int = _VERSION

    def encoded(self) -> bytes:
        """This as bytes."""
        return isal_zlib.compress(msgspec.msgpack.encode(self), _FASTEST)

    @classmethod
    def decoded(cls, state: bytes) -> Self | None:
        """The one that was encoded; ``None`` where it is damaged, or of another version."""
        try:
            found = msgspec.msgpack.decode(zlib.decompress(state), type=cls)
        except (zlib.error, msgspec.DecodeError):
            return None
        return found if found.version == _VERSION and has_state() else None


def usable(states: Mapping[int, bytes], sources: Mapping[int, str]) -> dict[int, Saved]:
    """Those of the noted states, by disk, from which a transfer can go on.

    Args:
        states: What was noted for each disk.
        sources: The version of what is moved now, for each disk.
    """
    found: dict[int, Saved] = {}
    for position, state in states.items():
        saved = Saved.decoded(state)
        if saved is not None and saved.source == sources.get(position):
            found[position] = saved
        else:
            _log.info("checkpoint_not_usable", position=position)
    return found


class ResumableWork(Protocol):
    """Whoever writes into a draft, and can be gone on for."""

    @property
    def end(self) -> int:
        """How far the draft is written, in bytes, but for a head that is written last."""
        ...

    def state(self) -> bytes:
        """What another one has to know to go on from there."""
        ...


class Keeper:
    """Notes how far the transfer of one disk has come.

    Args:
        ownership: The hold of the task.
        position: The disk.
        source: The version of what is moved.
        draft: What takes the bytes of the image in the making.
        writer: Writes them.
        begun: What an earlier worker has noted, which the draft and the writer know already.
        interval: How often to note it.
        hashed: Hashes them on their way, where that is wanted.
        file: The name of the local file that has the same bytes; empty where there is none.
    """

    def __init__(
        self,
        ownership: Ownership,
        position: int,
        *,
        source: str,
        draft: DraftBytes,
        writer: ResumableWork,
        begun: Saved | None,
        interval: Interval,
        hashed: HashedOutput | None = None,
        file: str = "",
    ) -> None:
        self.begun = begun.checkpoint if begun is not None else None
        self._ownership = ownership
        self._position = position
        self._source = source
        self._draft = draft
        self._writer = writer
        self._interval = interval
        self._hashed = hashed
        self._file = file
        self._length, self._moment = 0, time.monotonic()
        self._waiting: Saved | None = None
        self._saving: Future[None] | None = None
        self._threads = ContextThreads(1)

    def offer(self, length: int, take: Callable[[], Checkpoint]) -> None:
        """Note this moment of the transfer, if it is time.

        The draft may have begun to store all that was written up to now only some time later, and
        while one note is made no other one is begun.

        Raises:
            StoreError: the draft could not be stored.
            OSError: it could not be brought to the disk.
            OwnershipLostError: the task is no longer this worker's.
        """
        self._length += length
        if self._waiting is None and self._is_time():
            self._waiting = self._saved(take())
        if self._saving is not None and self._saving.done():
            self._saving.result()
            self._saving = None
        if self._waiting and self._saving is None and self._draft.given >= self._waiting.end:
            self._saving = self._threads.submit(self._save, self._waiting)
            self._waiting = None

    def _is_time(self) -> bool:
        now = time.monotonic()
        if not has_state() or (
            self._length < self._interval.length and now - self._moment < self._interval.seconds
        ):
            return False
        self._length, self._moment = 0, now
        return True

    def _saved(self, checkpoint: Checkpoint) -> Saved:
        return Saved(
            source=self._source,
            draft_id=self._draft.id,
            end=self._writer.end,
            writer=self._writer.state(),
            checkpoint=checkpoint,
            output_hash=self._hashed.state if self._hashed is not None else NOTHING_WRITTEN,
            file=self._file,
        )

    def _save(self, saved: Saved) -> None:
        self._draft.keep(saved.end)
        try:
            self._ownership.save_checkpoint(self._position, saved.encoded())
        except UNAVAILABLE as error:
            reason = first_line(error)
            _log.warning("checkpoint_not_written", position=self._position, reason=reason)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._threads.shutdown()
        if error is None and self._saving is not None:
            self._saving.result()
