"""The order of the set-up."""

import argparse
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from installation import chromium, node, peers, postgresql, qemu
from installation.commands import SetupError
from installation.environment import PROFILES, Environment

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Set up what the command line asks for; end with a sentence where that cannot be done."""
    parser = argparse.ArgumentParser(prog="setup.py", description="Install what imageferry needs.")
    parser.add_argument("profile", choices=PROFILES, help="what it is to be ready for")
    profile = parser.parse_args().profile
    try:
        with _alone(ROOT):
            prepare(Environment(ROOT), profile)
    except SetupError as error:
        raise SystemExit(str(error)) from None


def prepare(environment: Environment, profile: str) -> None:
    """Install what the profile needs and is not there yet.

    Raises:
        SetupError: something cannot be installed.
    """
    environment.prepare(profile)
    qemu.prepare(environment)
    if profile == "test":
        node.prepare(environment)
        chromium.prepare()
    if profile != "run":
        postgresql.prepare(environment)
    if profile == "bench":
        peers.prepare()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one set-up of a working copy run at a time; another waits for it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
