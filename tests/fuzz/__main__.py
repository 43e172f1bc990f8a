"""Fuzz parsers, guided by which code their inputs reach: ``python -m fuzz images --seconds 60``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import atheris

from fuzz.target import MODULES, Target

_LIMITS = (
    "-rss_limit_mb=512",
    "-malloc_limit_mb=256",
    "-timeout=20",
    "-max_len=16384",
    "-seed=1",
    "-verbosity=0",
)
"""What is a bug beside an exception: this much memory, or these seconds for one input."""


def main() -> None:
    """Fuzz all targets of a module, each in a process of its own."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("module", choices=MODULES, help="what of this folder to fuzz")
    parser.add_argument("--seconds", type=int, default=60, help="for how long each target")
    parser.add_argument("--inputs", type=int, default=-1, help="with how many inputs at most")
    arguments = parser.parse_args()
    with atheris.instrument_imports(include=["imageferry"]):
        targets: tuple[Target, ...] = import_module(f"fuzz.{arguments.module}").TARGETS
    end = (f"-max_total_time={arguments.seconds}", f"-runs={arguments.inputs}")
    failed = [target.name for target in targets if not _survives(target, end)]
    if failed:
        sys.exit(f"These have bugs: {', '.join(failed)}.")


def _survives(target: Target, end: tuple[str, ...]) -> bool:
    artifacts = f"-artifact_prefix={tempfile.gettempdir()}/fuzz-{target.name}-"
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(target.seeds + target.bugs):
            Path(folder, f"seed{number}").write_bytes(seed)
        child = os.fork()
        if not child:
            options = (*_LIMITS, *end, artifacts, folder)
            atheris.Setup([sys.argv[0], *options], target.run)
            atheris.Fuzz()  # it ends the process
        _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


main()
