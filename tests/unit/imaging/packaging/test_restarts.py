from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from imageferry.imaging.checkpoint import BEGINNING, Restart
from imageferry.imaging.packaging import restarts
from imageferry.imaging.packaging.decompression import Decompressed
from imageferry.imaging.packaging.package import Compression
from imageferry.imaging.packaging.restarts import Restarts
from support.images.packages import gz, zst

_BLOCK = 1000


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "BLOCK_SIZE", _BLOCK)


def test_the_last_place_before_a_position_is_told() -> None:
    noted = Restarts(BEGINNING)
    for place in (10, 20, 30):
        noted.note(Restart(place, place * 100))
    assert noted.before(999) == BEGINNING
    assert noted.before(1000) == Restart(10, 1000)
    assert noted.before(1999) == Restart(10, 1000)
    assert noted.before(9000) == Restart(30, 3000)


def test_what_was_gone_on_with_is_gone_on_with_again() -> None:
    begun = Restart(7, 5000)
    noted = Restarts(begun)
    noted.note(begun)
    assert noted.before(5500) == begun


def test_of_places_close_to_one_another_one_is_enough() -> None:
    noted = Restarts(BEGINNING)
    for position in range(0, 10 * _BLOCK, 10):
        noted.note(Restart(position, position))
    assert noted.before(2 * _BLOCK + 900) == Restart(2 * _BLOCK, 2 * _BLOCK)
    assert len(noted._noted) == 7


def test_places_that_nobody_asks_for_take_no_memory() -> None:
    noted = Restarts(BEGINNING)
    for number in range(1, 5000):
        noted.note(Restart(number, number * _BLOCK))
    assert len(noted._noted) == 1024
    assert noted.before(2000 * _BLOCK) == BEGINNING
    assert noted.before(4500 * _BLOCK) == Restart(4500, 4500 * _BLOCK)


@pytest.mark.parametrize(("pack", "compression"), [(gz, Compression.GZIP), (zst, Compression.ZSTD)])
@pytest.mark.parametrize("chunk", [100, 1 << 20])
def test_unpacking_can_begin_at_every_place_that_is_noted(
    pack: Callable[[bytes], bytes], compression: Compression, chunk: int
) -> None:
    data = random.Random(1).randbytes(20_500)
    packed = b"".join(pack(data[at : at + 1500]) for at in range(0, len(data), 1500))

    def unpacked(begun: Restart) -> Decompressed:
        chunks = (packed[at : at + chunk] for at in range(begun.place, len(packed), chunk))
        return Decompressed(chunks, compression, max_bytes=len(data), begun=begun)

    def rest(coming: Decompressed) -> bytes:
        return b"".join(iter(lambda: coming.read(700), b""))

    whole = unpacked(BEGINNING)
    assert rest(whole) == data
    places = {whole.restarts.before(position) for position in range(0, len(data), 500)}
    assert sorted(place.position for place in places) == list(range(0, len(data), 1500))
    for begun in places:
        coming = unpacked(begun)
        assert rest(coming) == data[begun.position :]
        assert (coming.position, coming.consumed) == (len(data), len(packed))
