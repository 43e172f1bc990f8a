"""Signed URLs that are used more than once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imageferry.buckets.lasting_url import USED_SECONDS, LastingUrl
from imageferry.buckets.remote_client import URL_SECONDS, SignedUrl


@pytest.fixture
def sign() -> Callable[[], SignedUrl]:
    """Makes another URL each time."""
    numbers = iter(range(100))
    return lambda: SignedUrl(f"https://store.example/object?signature={next(numbers)}")


def test_a_url_is_given_again_while_it_is_young(sign: Callable[[], SignedUrl]) -> None:
    now = 100.0
    url = LastingUrl(sign, lambda: now)
    first = url()
    now += USED_SECONDS - 1
    assert url() is first


def test_an_old_one_is_replaced(sign: Callable[[], SignedUrl]) -> None:
    now = 100.0
    url = LastingUrl(sign, lambda: now)
    first = url()
    now += USED_SECONDS
    second = url()
    assert second.url != first.url
    now += USED_SECONDS - 1
    assert url() is second


def test_it_is_given_up_long_before_the_store_does() -> None:
    assert URL_SECONDS - USED_SECONDS >= 600


def test_a_failure_to_sign_is_tried_again(sign: Callable[[], SignedUrl]) -> None:
    failures = iter([RuntimeError("no signature")])

    def failing() -> SignedUrl:
        for failure in failures:
            raise failure
        return sign()

    url = LastingUrl(failing)
    with pytest.raises(RuntimeError, match="no signature"):
        url()
    assert url().url.endswith("=0")
