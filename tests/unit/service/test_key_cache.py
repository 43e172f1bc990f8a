from __future__ import annotations

from dataclasses import replace

import pytest

from imageferry.gateway.authentication import AccessKey
from imageferry.service.key_cache import KEPT_SECONDS, MAX_KEYS, KeyCache

KEY = AccessKey(id="one", secret="secret", account_id="1000000000000001")


class Keys:
    """Keys in a table, and a clock that stands until it is moved."""

    def __init__(self) -> None:
        self.stored = {KEY.id: KEY}
        self.asked: list[str] = []
        self.moment = 100.0

    def find(self, access_key_id: str) -> AccessKey | None:
        self.asked.append(access_key_id)
        return self.stored.get(access_key_id)


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def cache(keys: Keys) -> KeyCache:
    return KeyCache(keys.find, lambda: keys.moment)


def test_a_key_is_looked_up_once_in_a_while(keys: Keys, cache: KeyCache) -> None:
    found = [cache.find(KEY.id) for _ in range(3)]

    assert found == [KEY, KEY, KEY]
    assert keys.asked == [KEY.id]


@pytest.mark.parametrize("changed", [replace(KEY, active=False), replace(KEY, secret="new"), None])
def test_a_change_counts_after_a_while(
    keys: Keys, cache: KeyCache, changed: AccessKey | None
) -> None:
    cache.find(KEY.id)
    keys.stored = {KEY.id: changed} if changed else {}

    assert cache.find(KEY.id) == KEY
    keys.moment += KEPT_SECONDS
    assert cache.find(KEY.id) == changed
    assert cache.find(KEY.id) == changed


def test_a_new_key_can_be_used_at_once(keys: Keys, cache: KeyCache) -> None:
    new = replace(KEY, id="two")
    assert cache.find(new.id) is None
    keys.stored[new.id] = new

    assert cache.find(new.id) == new


def test_no_more_than_so_many_keys_are_kept(keys: Keys, cache: KeyCache) -> None:
    keys.stored = {str(number): replace(KEY, id=str(number)) for number in range(MAX_KEYS + 1)}
    for name in keys.stored:
        cache.find(name)
    keys.asked.clear()

    cache.find(str(MAX_KEYS))
    cache.find("0")

    assert keys.asked == ["0"]
