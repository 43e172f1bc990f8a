from __future__ import annotations

import msgspec
import pytest

from imageferry.imaging.contents.facts import MAX_TEXT, DiskFacts, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Debian GNU/Linux 13 (trixie)", "Debian GNU/Linux 13 (trixie)"),
        ("two\nlines\x1b[31m and\ta\x00control", "two lines [31m and a control"),
        ("x" * 1000, "x" * MAX_TEXT),
        ("\u202etxet", "txet"),
    ],
)
def test_a_text_of_the_disk_is_one_bounded_line(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    "line",
    [
        b'{"operating_system": "' + b"x" * 1000 + b'"}',
        b'{"problems": [' + b'"x",' * 100 + b'"x"]}',
        b'{"partitions": "many"}',
        b'{"partitions": 1' + b"0" * 5000 + b"}",
    ],
)
def test_a_program_that_says_too_much_is_not_believed(line: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(line, type=DiskFacts)
