"""What a task has in the making: begun, left behind by a worker, and gone on with by the next."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import structlog

from imageferry.buckets.draft import Draft
from imageferry.buckets.file_draft import FileDraft
from imageferry.buckets.interface import Bucket, DraftNotFoundError, UploadNotFoundError
from imageferry.buckets.sent_file import SentFile
from imageferry.engine.checkpoints import Saved, usable
from imageferry.engine.context import TASK_METADATA, WorkerContext
from imageferry.engine.ownership import Ownership

_log = structlog.get_logger()


class _Left(Protocol):
    def leave(self) -> None: ...


_AnyDraft = TypeVar("_AnyDraft", bound=_Left)


class TaskDrafts:
    """The drafts of one task, one a disk.

    Args:
        context: What is below the steps.
        ownership: The hold of the task.
        bucket: Where the objects are to be.
    """

    def __init__(self, context: WorkerContext, ownership: Ownership, bucket: Bucket) -> None:
        self._ownership = ownership
        self._bucket = bucket
        self._task_id = ownership.task.task_id
        self._folder = context.drafts(self._task_id)
        self._saved: dict[int, Saved] = {}

    @property
    def metadata(self) -> Mapping[str, str]:
        """What names the task in all objects that it makes."""
        return {TASK_METADATA: self._task_id}

    def look(self, sources: Mapping[int, str]) -> None:
        """Look what earlier workers have left to go on with, and take away the rest.

        Args:
            sources: The version of what each disk is made of, for those that are to be made.

        Raises:
            OwnershipLostError: the task is no longer this worker's.
            StoreError: what is left cannot be looked for, or taken away.
            OSError: likewise.
        """
        # What there is was begun by those who had the task before if it is this worker's still,
        # when it is asked for the checkpoints. Who wakes later than that takes nothing away that
        # the next one has begun, or goes on with.
        leavings, files = self._bucket.leavings(self._task_id), list(self._folder.iterdir())
        states = self._ownership.checkpoints()
        for position, saved in usable(states, sources).items():
            if not saved.file or self.path(saved.file).is_file():
                self._saved[position] = saved
        self._ownership.forget_checkpoints(states.keys() - self._saved.keys())
        kept = {name for saved in self._saved.values() for name in (saved.draft_id, saved.file)}
        leavings.discard(keep=kept)
        for path in files:
            if path.name not in kept:
                path.unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        """A local file in the making, which another worker of this machine can go on with."""
        return self._folder / name

    def in_bucket(
        self, position: int, key: str, *, suffix: str, head_size: int = 0
    ) -> tuple[Draft, Saved | None]:
        """An object in the making, and what was noted of it if an earlier worker left it.

        Args:
            position: The disk.
            key: The object's key.
            suffix: The end of the name of a local file, with the dot.
            head_size: The bytes at its beginning that may come last.

        Raises:
            OwnershipLostError: the task is no longer this worker's.
            StoreError: it cannot be begun.
            OSError: likewise.
        """

        def resume(saved: Saved) -> Draft:
            return self._resumed(key, saved, head_size)

        def begin(path: Path) -> Draft:
            return self._begun(key, path, head_size)

        return self._opened(position, suffix, resume, begin, has_file=False)

    def in_bucket_and_file(
        self, position: int, key: str, *, suffix: str, head_size: int
    ) -> tuple[SentFile, Saved | None]:
        """Such an object that lies in a local file as well, likewise."""

        def resume(saved: Saved) -> SentFile:
            file = FileDraft.resume(self.path(saved.file), Path, end=saved.end)
            with _let_go_on_failure(file):
                return SentFile(file, self._resumed(key, saved, head_size))

        def begin(path: Path) -> SentFile:
            file = FileDraft(path, Path)
            with _let_go_on_failure(file):
                return SentFile(file, self._begun(key, path, head_size))

        return self._opened(position, suffix, resume, begin, has_file=True)

    def _begun(self, key: str, path: Path, head_size: int) -> Draft:
        return self._bucket.draft(
            key, path, token=self._task_id, head_size=head_size, metadata=self.metadata
        )

    def _resumed(self, key: str, saved: Saved, head_size: int) -> Draft:
        return self._bucket.resume_draft(
            key,
            self.path("left"),
            draft_id=saved.draft_id,
            end=saved.end,
            token=self._task_id,
            head_size=head_size,
            metadata=self.metadata,
        )

    def _opened(
        self,
        position: int,
        suffix: str,
        resume: Callable[[Saved], _AnyDraft],
        begin: Callable[[Path], _AnyDraft],
        *,
        has_file: bool,
    ) -> tuple[_AnyDraft, Saved | None]:
        saved = self._saved.pop(position, None)
        if saved is not None and bool(saved.file) == has_file:
            try:
                return self._continued(position, resume(saved), saved), saved
            except DraftNotFoundError as error:
                _log.info("transfer_begins_anew", position=position, reason=str(error))
        # A name of its own, so that nobody replaces it.
        return begin(self.path(f"disk-{position}-{secrets.token_hex(4)}{suffix}")), None

    def _continued(self, position: int, draft: _AnyDraft, saved: Saved) -> _AnyDraft:
        try:
            self._ownership.record_continuation(position, saved.checkpoint.offset)
        except BaseException:
            draft.leave()
            raise
        return draft


def with_a_second_draft(position: int, store: Callable[[], None]) -> None:
    """Store a disk, and begin anew, once, if somebody has ended its upload meanwhile.

    Whoever had the task before may have at the last moment; so may a rule of the store, or its
    operator.

    Args:
        position: The disk.
        store: Begins a draft, writes and publishes it.

    Raises:
        UploadNotFoundError: the second upload was ended too.
    """
    try:
        store()
    except UploadNotFoundError as error:
        _log.info("transfer_begins_anew", position=position, reason=str(error))
        store()


@contextmanager
def _let_go_on_failure(file: FileDraft[Path]) -> Iterator[None]:
    """Let go of a file whose object could not be begun, or gone on with."""
    try:
        yield
    except BaseException:
        file.leave()
        raise
