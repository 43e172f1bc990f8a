"""Whatever bytes come to a parser, it ends soon with a result or an error that it declares."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings

from fuzz.target import MODULES, Target
from support.mutations import mutations

_TESTS = Path(__file__).parents[1]
_SECONDS = os.environ.get("FUZZ_SECONDS")
_END = ("--seconds", _SECONDS) if _SECONDS else ("--seconds", "1", "--inputs", "2000")
_TARGETS = [target for module in MODULES for target in import_module(f"fuzz.{module}").TARGETS]

of_each_target = pytest.mark.parametrize("target", _TARGETS, ids=lambda target: target.name)


@of_each_target
def test_seeds_and_what_once_was_a_bug(target: Target) -> None:
    for data in (*target.seeds, *target.bugs):
        target.run(data)


@of_each_target
@pytest.mark.timeout(60)
def test_mutations(target: Target) -> None:
    @settings(max_examples=60, deadline=None)
    @given(data=mutations(target.seeds + target.bugs))
    def holds(data: bytes) -> None:
        target.run(data)

    holds()


if find_spec("atheris"):

    @pytest.mark.parametrize("module", MODULES)
    @pytest.mark.timeout(200 + 20 * int(_SECONDS or "0"))
    def test_inputs_that_reach_new_code(module: str, tmp_path: Path) -> None:
        """In processes of their own, which are ended when they take too much memory or time."""
        command = [sys.executable, "-m", "fuzz", module, *_END]
        paths = {"PYTHONPATH": str(_TESTS), "TMPDIR": str(tmp_path)}
        ended = subprocess.run(
            command, check=False, capture_output=True, text=True, env=os.environ | paths
        )
        assert ended.returncode == 0, ended.stderr[-8000:]
