from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import pytest
import sqlalchemy as sa

from imageferry.buckets.draft import Draft
from imageferry.engine.checkpoints import Interval, Keeper, Saved, usable
from imageferry.engine.ownership import Ownership, OwnershipLostError
from imageferry.imaging.checkpoint import Checkpoint, SourceState
from imageferry.imaging.content_hash import ContentHash
from imageferry.imaging.hashed_output import HashedOutput
from imageferry.imaging.threads import StopSignal
from support.service import until
from support.written import ForgetfulOutput

LENGTH = 100


def checkpoint(offset: int) -> Checkpoint:
    return Checkpoint(
        offset=offset,
        done=offset,
        content_hash=ContentHash().state,
        content_checksum=(offset, 7),
        source=SourceState(offset, b"state"),
    )


@dataclass
class FakeDraft:
    """A draft that stores what it is let store."""

    given: int = 0
    kept: list[int] = field(default_factory=list)
    may_keep: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None
    id = "draft"

    def keep(self, end: int) -> None:
        assert self.may_keep.wait(60)
        if self.error is not None:
            raise self.error
        self.kept.append(end)


@dataclass
class FakeWriter:
    end: int = 0

    def state(self) -> bytes:
        return b"written up to %d" % self.end


@dataclass
class FakeOwnership:
    states: list[bytes] = field(default_factory=list)
    error: Exception | None = None

    def save_checkpoint(self, position: int, state: bytes) -> None:
        assert position == 2
        if self.error is not None:
            raise self.error
        self.states.append(state)

    @property
    def offsets(self) -> list[int]:
        found = [Saved.decoded(state) for state in self.states]
        return [saved.checkpoint.offset for saved in found if saved is not None]


@dataclass
class Transfer:
    """A transfer whose keeper is tested."""

    draft: FakeDraft = field(default_factory=FakeDraft)
    writer: FakeWriter = field(default_factory=FakeWriter)
    ownership: FakeOwnership = field(default_factory=FakeOwnership)
    offset: int = 0

    def keeper(
        self, interval: Interval, *, hashed: HashedOutput | None = None, file: str = ""
    ) -> Keeper:
        return Keeper(
            cast("Ownership", self.ownership),
            2,
            source="etag",
            draft=cast("Draft", self.draft),
            writer=self.writer,
            begun=None,
            interval=interval,
            hashed=hashed,
            file=file,
        )

    def write(self, keeper: Keeper, length: int, *, given: int = 0) -> None:
        self.offset += length
        self.writer.end = self.offset
        self.draft.given = given or self.draft.given
        keeper.offer(length, lambda: checkpoint(self.offset))


@pytest.fixture
def transfer() -> Transfer:
    return Transfer()


def test_a_note_is_made_after_so_many_bytes_and_of_what_is_safe(transfer: Transfer) -> None:
    transfer.draft.may_keep.set()
    with transfer.keeper(Interval(LENGTH, 3600)) as keeper:
        transfer.write(keeper, 60, given=1000)
        transfer.write(keeper, 60)
        until(lambda: transfer.ownership.offsets == [120], 60, "A note")
        transfer.write(keeper, 60)
        transfer.write(keeper, 60)
    assert transfer.ownership.offsets == [120, 240]
    assert transfer.draft.kept == [120, 240]
    saved = Saved.decoded(transfer.ownership.states[0])
    assert saved == Saved(
        source="etag",
        draft_id="draft",
        end=120,
        writer=b"written up to 120",
        checkpoint=checkpoint(120),
    )


def test_a_note_is_made_after_so_long(transfer: Transfer) -> None:
    transfer.draft.may_keep.set()
    with transfer.keeper(Interval(LENGTH, 0)) as keeper:
        transfer.write(keeper, 1, given=1000)
    assert transfer.ownership.offsets == [1]


def test_what_the_draft_was_not_yet_given_is_noted_later(transfer: Transfer) -> None:
    transfer.draft.may_keep.set()
    with transfer.keeper(Interval(LENGTH, 3600)) as keeper:
        transfer.write(keeper, 100, given=99)
        transfer.write(keeper, 50)
        assert transfer.ownership.offsets == []
        transfer.write(keeper, 10, given=150)
    assert transfer.ownership.offsets == [100]


def test_the_transfer_does_not_wait_for_a_note(transfer: Transfer) -> None:
    with transfer.keeper(Interval(LENGTH, 3600)) as keeper:
        for _ in range(5):
            transfer.write(keeper, 100, given=1000)
        transfer.draft.may_keep.set()
        until(lambda: transfer.ownership.offsets, 60, "A note")
    assert transfer.ownership.offsets[0] == 100


@pytest.mark.parametrize("error", [OSError("no disk"), ValueError("anything")])
def test_a_draft_that_cannot_be_kept_ends_the_transfer(
    transfer: Transfer, error: Exception
) -> None:
    transfer.draft.error = error
    transfer.draft.may_keep.set()
    with pytest.raises(type(error)), transfer.keeper(Interval(LENGTH, 3600)) as keeper:
        transfer.write(keeper, 100, given=1000)
    assert transfer.ownership.offsets == []


def test_a_task_that_is_lost_ends_the_transfer(transfer: Transfer) -> None:
    transfer.ownership.error = OwnershipLostError("t-1")
    transfer.draft.may_keep.set()

    def go_on() -> None:
        with transfer.keeper(Interval(LENGTH, 3600)) as keeper:
            transfer.write(keeper, 100, given=1000)
            until(lambda: transfer.write(keeper, 1), 60, "The loss")

    with pytest.raises(OwnershipLostError):
        go_on()


def test_a_database_that_is_away_costs_a_note(transfer: Transfer) -> None:
    transfer.ownership.error = sa.exc.OperationalError("", {}, Exception("away"))
    transfer.draft.may_keep.set()
    with transfer.keeper(Interval(LENGTH, 3600)) as keeper:
        transfer.write(keeper, 100, given=1000)
    assert transfer.draft.kept == [100]


def test_the_state_of_the_hash_of_what_is_written_is_noted(transfer: Transfer) -> None:
    hashed = HashedOutput(ForgetfulOutput(), StopSignal())
    hashed.write(0, b"written")
    begun = hashed.state
    transfer.draft.may_keep.set()
    keeper = transfer.keeper(Interval(LENGTH, 3600), hashed=hashed, file="disk-1.qcow2")
    with keeper:
        transfer.write(keeper, 100, given=50)
        hashed.write(7, b"written later")
        transfer.write(keeper, 1, given=1000)
    (state,) = transfer.ownership.states
    saved = Saved.decoded(state)
    assert saved is not None
    assert (saved.output_hash, saved.file) == (begun, "disk-1.qcow2")


def damaged(state: bytes) -> bytes:
    return state[:-1]


def cut(_state: bytes) -> bytes:
    return b""


def as_it_is(state: bytes) -> bytes:
    return state


@pytest.mark.parametrize(
    ("change", "source", "is_usable"),
    [
        (as_it_is, "etag", True),
        (as_it_is, "another", False),
        (damaged, "etag", False),
        (cut, "etag", False),
    ],
)
def test_only_a_whole_note_of_the_same_source_is_used(
    change: Callable[[bytes], bytes], source: str, is_usable: bool
) -> None:
    saved = Saved(source="etag", draft_id="d", end=1, writer=b"w", checkpoint=checkpoint(5))
    found = usable({1: change(saved.encoded())}, {1: source})
    assert found == ({1: saved} if is_usable else {})


def test_a_note_of_another_version_is_not_used() -> None:
    saved = Saved(
        source="etag", draft_id="d", end=1, writer=b"w", checkpoint=checkpoint(5), version=0
    )
    assert usable({1: saved.encoded()}, {1: "etag"}) == {}
