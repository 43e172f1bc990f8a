from __future__ import annotations

from contextvars import ContextVar

import pytest

from imageferry.telemetry.threads import ContextThreads, context_thread


@pytest.fixture
def work() -> ContextVar[str]:
    """What somebody works at."""
    return ContextVar("work", default="none")


def test_a_pool_works_in_the_context_of_whoever_asks(work: ContextVar[str]) -> None:
    with ContextThreads(1) as threads:
        work.set("first")
        first = threads.submit(work.get)
        work.set("second")
        second = threads.submit(work.get)

    assert (first.result(), second.result()) == ("first", "second")


def test_what_a_thread_sets_stays_in_it(work: ContextVar[str]) -> None:
    with ContextThreads(1) as threads:
        threads.submit(work.set, "theirs").result()

        assert threads.submit(work.get).result() == "none"


def test_a_thread_works_in_the_context_of_whoever_made_it(work: ContextVar[str]) -> None:
    found: list[str] = []
    work.set("mine")
    thread = context_thread(lambda: found.append(work.get()))
    work.set("other")

    thread.start()
    thread.join()

    assert found == ["mine"]
