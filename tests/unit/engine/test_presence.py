from __future__ import annotations

from datetime import timedelta

import pytest

from imageferry.database.connection import Database
from imageferry.database.metadata import now
from imageferry.engine import presence
from imageferry.engine.presence import Presence, Watch

TIMEOUT = 10.0


@pytest.fixture
def watch() -> Watch:
    return Watch(TIMEOUT)


def test_a_worker_that_beats_is_alive(watch: Watch) -> None:
    assert not any(watch.look({"a": n}, {"a"}, n * 4.0) for n in range(20))


def test_a_worker_without_a_beat_for_the_timeout_is_dead(watch: Watch) -> None:
    dead = [watch.look({"a": 7, "b": n}, {"a"}, float(n)) for n in range(11)]

    assert dead[:10] == [set()] * 10
    assert dead[10] == {"a"}


def test_a_beat_begins_the_timeout_anew(watch: Watch) -> None:
    beats = [7] * 9 + [8] * 10
    assert not any(watch.look({"a": n}, set(), float(t)) for t, n in enumerate(beats))


def test_who_was_frozen_judges_nobody_for_a_whole_timeout(watch: Watch) -> None:
    for moment in range(9):
        assert not watch.look({"a": 7}, {"a"}, float(moment))

    assert not watch.look({"a": 7}, {"a"}, 60.0)
    assert not any(watch.look({"a": 7}, {"a"}, 60.0 + t) for t in range(10))
    assert watch.look({"a": 7}, {"a"}, 70.0) == {"a"}


def test_a_name_with_tasks_and_no_row_is_dead_on_the_second_look(watch: Watch) -> None:
    assert not watch.look({}, {"gone"}, 0.0)
    assert watch.look({}, {"gone"}, 1.0) == {"gone"}


def test_a_worker_that_has_just_entered_is_not_taken_for_one_that_left(watch: Watch) -> None:
    assert not watch.look({}, {"new"}, 0.0)
    assert not watch.look({"new": 0}, {"new"}, 1.0)
    assert not watch.look({}, {"new"}, 2.0)


def _beats(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return dict(presence.beats(connection))


def test_a_worker_enters_beats_and_leaves(database: Database) -> None:
    worker, other = Presence(database, "worker"), Presence(database, "other")
    worker.enter("1", 2)
    other.enter("2", 4)

    assert worker.beat()
    assert worker.beat()

    assert _beats(database) == {"worker": 2, "other": 0}
    with database.read() as connection:
        assert presence.count_since(connection, now() - timedelta(minutes=1)) == 2
        assert presence.count_since(connection, now() + timedelta(minutes=1)) == 0
    worker.leave()
    assert _beats(database) == {"other": 0}


def test_a_worker_that_was_taken_for_dead_is_told(database: Database) -> None:
    worker = Presence(database, "worker")
    worker.enter("1", 2)
    with database.write() as connection:
        presence.forget(connection, {"worker"})

    assert not worker.beat()
