from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.cli.text import clean, duration, size


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("debian-13", "debian-13"),
        ("Größe 大小", "Größe 大小"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("abc\u202etxt.exe", "abc\\u202etxt.exe"),
        ("line\u2028break", "line\\u2028break"),
        ("\udc80", "\\udc80"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
    ],
)
def test_what_could_steer_a_terminal_is_escaped(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text())
def test_cleaned_text_is_printable_and_encodes(text: str) -> None:
    assert clean(text).isprintable()
    assert clean(text).encode().decode() == clean(text)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536 * 2**20, "1.5 GiB"),
        (5 * 2**40, "5.0 TiB"),
        (5000 * 2**40, "5000.0 TiB"),
    ],
)
def test_a_size_has_the_unit_that_fits(count: int, shown: str) -> None:
    assert size(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (61, "1:01"), (3599, "59:59"), (3661, "1:01:01")]
)
def test_a_duration_reads_like_a_clock(seconds: int, shown: str) -> None:
    assert duration(seconds) == shown
