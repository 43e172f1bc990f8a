"""Programs that the set-up runs, and the one way in which it fails."""

import os
import subprocess
from collections.abc import Mapping


class SetupError(Exception):
    """What stands in the way and what to do about it, in one sentence."""


def succeeds(*command: str) -> bool:
    """Whether the command can be started and ends well; its output is dropped."""
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def run(*command: str, environment: Mapping[str, str] | None = None) -> bool:
    """Whether the command ends well. What it wrote is shown only where it does not."""
    done = subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        print(done.stdout, flush=True)
    return done.returncode == 0


def say(sentence: str) -> None:
    """Tell the user what is being waited for."""
    print(sentence, flush=True)
