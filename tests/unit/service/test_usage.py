"""In a process of its own: what is limited does not grow again."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import json, os, sys
from imageferry.buckets import bandwidth
from imageferry.imaging.parallel import default_threads
from imageferry.service import usage
from imageferry.settings import Settings

usage.limit(Settings(**json.loads(sys.argv[1])))
bandwidth.PROCESS.wait_for(1000)
print(json.dumps({
    "nice": os.nice(0),
    "processors": len(os.sched_getaffinity(0)),
    "threads": default_threads(),
    "waits": bandwidth.PROCESS.wait_for(1) > 0,
}))
"""


HIGHEST_NICE = 19
"""Whoever would be nicer than that is no nicer; these tests may be that nice from the start."""


def _limited(**settings: int) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(settings)],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, int] = json.loads(done.stdout)
    return found


def test_a_worker_that_is_not_limited_uses_all() -> None:
    found = _limited()

    assert (found["nice"], found["waits"]) == (os.nice(0), False)
    assert found["threads"] == found["processors"] + 1


@pytest.mark.parametrize("processors", [1, 4096])
def test_a_worker_keeps_within_its_limits(processors: int) -> None:
    most = len(os.sched_getaffinity(0))

    found = _limited(worker_processors=processors, worker_nice=3, worker_bytes_per_second=1)

    assert found == {
        "nice": min(os.nice(0) + 3, HIGHEST_NICE),
        "processors": min(processors, most),
        "threads": min(processors, most) + 1,
        "waits": True,
    }
