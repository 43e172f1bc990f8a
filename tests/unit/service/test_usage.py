"""In a process of its own: what is limited does not grow again."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = """
import json, os, sys
from imageferry.buckets import bandwidth
from imageferry.imaging.parallel import default_threads
from imageferry.service import usage
from imageferry.settings import Settings

before = os.nice(0)
usage.limit(Settings(**json.loads(sys.argv[1])))
bandwidth.PROCESS.wait_for(1000)
print(json.dumps({
    "nice": os.nice(0) - before,
    "processors": len(os.sched_getaffinity(0)),
    "threads": default_threads(),
    "waits": bandwidth.PROCESS.wait_for(1) > 0,
}))
"""


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

    assert (found["nice"], found["waits"]) == (0, False)
    assert found["threads"] == found["processors"] + 1


@pytest.mark.parametrize("processors", [1, 4096])
def test_a_worker_keeps_within_its_limits(processors: int) -> None:
    most = _limited()["processors"]

    found = _limited(worker_processors=processors, worker_nice=3, worker_bytes_per_second=1)

    assert found == {
        "nice": 3,
        "processors": min(processors, most),
        "threads": min(processors, most) + 1,
        "waits": True,
    }
