from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import chain, repeat

import pytest

from imageferry.console import pulse as module
from imageferry.console.pulse import Pulse


def told(*versions: str) -> Iterator[str]:
    """The versions, the last of them for ever."""
    return chain(versions, repeat(versions[-1]))


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ASK_SECONDS", "LEAST_SECONDS"):
        monkeypatch.setattr(module, name, 0.0)
    monkeypatch.setattr(module, "MOST_SECONDS", 60.0)


async def waited(versions: Iterator[str], *, is_over: bool = False) -> None:
    async with asyncio.timeout(30):
        await Pulse(versions.__next__).changed("1", lambda: is_over)


def test_it_waits_until_something_is_written() -> None:
    versions = told("1", "1", "1", "2")

    asyncio.run(waited(versions))

    assert next(versions) == "2"


def test_it_waits_no_longer_once_all_is_over() -> None:
    asyncio.run(waited(told("1"), is_over=True))


def test_it_waits_for_so_long_at_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SECONDS", 0.0)

    asyncio.run(waited(told("1")))


def test_the_database_is_asked_once_for_all_open_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASK_SECONDS", 3600.0)
    pulse = Pulse(iter(["1", "2"]).__next__)

    async def asked() -> list[str]:
        return [await pulse.version() for _ in range(3)]

    assert asyncio.run(asked()) == ["1", "1", "1"]
