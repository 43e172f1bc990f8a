"""The choice of the Python that the set-up goes on with."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

import setup


def test_a_python_that_is_new_enough_goes_on() -> None:
    assert setup.newer_python((3, 11)) is None
    assert setup.newer_python((3, 14)) is None


def test_an_old_python_hands_over_to_the_newest_on_the_path(
    program: Callable[[str, str], Path],
) -> None:
    program("python3.11", "")
    newest = program("python3.13", "")

    assert setup.newer_python((3, 9)) == str(newest)


@pytest.mark.usefixtures("path")
def test_an_old_python_alone_ends_with_one_sentence() -> None:
    with pytest.raises(SystemExit) as ended:
        setup.newer_python((3, 9))

    assert str(ended.value) == (
        "imageferry needs Python 3.11 or newer, and found only 3.9: install a newer one "
        "(Debian and Ubuntu: `sudo apt-get install python3.11`), then run make again."
    )


def test_an_old_python_can_load_the_script() -> None:
    tree = ast.parse(Path(setup.__file__).read_text(), feature_version=(3, 6))

    # An annotation that is no string is evaluated, and `str | None` fails before 3.10.
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            notes = [node.returns, *(argument.annotation for argument in node.args.args)]
            assert all(isinstance(note, ast.Constant) for note in notes)
