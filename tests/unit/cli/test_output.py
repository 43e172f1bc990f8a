from __future__ import annotations

import io
import json
from contextlib import redirect_stdout

import pytest

from imageferry.cli import output

HOSTILE = "a\x1b[2Jb\u202e[red]c[/red]\n"


class Terminal(io.StringIO):
    """A standard output that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    return Terminal()


def test_a_pipe_gets_tabs_and_no_head(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("Name", "Count"), [("a\tb", 1), (HOSTILE, 2)])

    assert capsys.readouterr().out == ("a\\tb\t1\na\\x1b[2Jb\\u202e[red]c[/red]\\n\t2\n")


def test_a_terminal_gets_an_aligned_table(terminal: Terminal) -> None:
    with redirect_stdout(terminal):
        output.table(("Name", "Count"), [("a", 1), ("longer", 22)])

    lines = [line.rstrip() for line in terminal.getvalue().splitlines()]
    assert lines == ["Name    Count", "a       1", "longer  22"]


def test_ids_stay_whole_on_a_narrow_terminal(terminal: Terminal) -> None:
    ids = ["m-" + letter * 40 for letter in "abc"]

    with redirect_stdout(terminal):
        output.table(("ImageId", "TaskId", "CopyId"), [ids])

    assert terminal.getvalue().splitlines()[1].split() == ids


@pytest.mark.parametrize("long", ["to be folded " * 10, "x" * 130])
def test_sentences_and_very_long_names_are_folded(terminal: Terminal, long: str) -> None:
    with redirect_stdout(terminal):
        output.table(("ImageId", "Finding"), [("m-a", long)])

    first, second, *_ = terminal.getvalue().splitlines()[1:]
    assert first.startswith("m-a")
    assert second.startswith("   ")
    assert max(len(first), len(second)) <= 80


def test_a_terminal_gets_hostile_text_escaped(terminal: Terminal) -> None:
    with redirect_stdout(terminal):
        output.table(("Name",), [(HOSTILE,)])
        output.record([("Name", HOSTILE)])
        output.line(HOSTILE)

    shown = terminal.getvalue()
    assert shown.count("a\\x1b[2Jb\\u202e[red]c[/red]\\n") == 3
    assert "\u202e" not in shown


def test_a_record_leaves_out_what_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    output.record([("A", "x"), ("B", ""), ("C", None), ("D", 0)])

    assert capsys.readouterr().out == "A\tx\nD\t0\n"


def test_a_document_is_harmless_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    output.document({"Name": HOSTILE})

    printed = capsys.readouterr().out
    assert printed.isascii()
    assert "\x1b" not in printed
    assert json.loads(printed) == {"Name": HOSTILE}


@pytest.mark.parametrize(
    ("page", "shown", "note"),
    [
        (1, 3, ""),
        (1, 2, "1 to 2 of 3; --page-number and --page-size show others.\n"),
        (2, 1, "3 to 3 of 3; --page-number and --page-size show others.\n"),
        (9, 0, "None of 3; --page-number and --page-size show others.\n"),
    ],
)
def test_a_page_tells_which_part_it_is(
    capsys: pytest.CaptureFixture[str], page: int, shown: int, note: str
) -> None:
    output.page_note({"PageNumber": page, "PageSize": 2, "TotalCount": 3}, shown)

    assert capsys.readouterr().err == note
