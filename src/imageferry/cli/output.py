"""How results are printed: tables on a terminal, tabs in a pipe, one document with ``--json``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from imageferry.cli.text import clean

_LONGEST_WORD = 64
_WIDEST = 1000


def document(value: Any) -> None:
    """Print the one JSON document of ``--json``.

    Everything beyond ASCII is escaped, so that it is as harmless on a terminal
    as the rest of what the command prints.
    """
    click.echo(json.dumps(value, indent=2))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows: with a head and aligned on a terminal, else as lines of tabs without a head."""
    cleaned = [[clean(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in cleaned:
            click.echo("\t".join(row))
        return
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for position, name in enumerate(columns):
        words = [cell_len(row[position]) for row in cleaned if _is_word(row[position])]
        shown.add_column(name, overflow="fold", min_width=max(words, default=0))
    for row in cleaned:
        shown.add_row(*map(Text, row))
    screen = console()
    least = Measurement.get(screen, screen.options.update(max_width=_WIDEST), shown).minimum
    screen.print(shown, width=max(screen.width, least), crop=False)


def _is_word(cell: str) -> bool:
    """Whether it is an id, a name or a number, which one wants to copy in one piece."""
    return " " not in cell and len(cell) <= _LONGEST_WORD


def record(pairs: Iterable[tuple[str, object]]) -> None:
    """Print one thing's names and values, a line each; empty values are left out."""
    kept = [(name, clean(value)) for name, value in pairs if value not in {"", None}]
    if not sys.stdout.isatty():
        for name, value in kept:
            click.echo(f"{name}\t{value}")
        return
    width = max((len(name) for name, _ in kept), default=0)
    for name, value in kept:
        console().print(Text(f"{name:<{width}}  ", "bold"), Text(value), sep="", soft_wrap=True)


def line(text: str) -> None:
    """Print a sentence that is the result."""
    click.echo(clean(text))


def page_note(reply: Mapping[str, Any], shown: int) -> None:
    """Tell which part of a list a page is, where it is not the whole."""
    first = (reply["PageNumber"] - 1) * reply["PageSize"] + 1
    if shown < reply["TotalCount"]:
        part = f"{first} to {first + shown - 1}" if shown else "None"
        note(f"{part} of {reply['TotalCount']}; --page-number and --page-size show others.")


def note(text: str) -> None:
    """Tell something beside the result, on standard error."""
    click.echo(clean(text), err=True)


def console(*, stderr: bool = False) -> Console:
    """A console that takes no text for markup."""
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)
