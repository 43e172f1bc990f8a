from __future__ import annotations

import subprocess
import sys

MIB = 1 << 20
PROGRAM = """
import time
import psutil
from imageferry.service.memory import TRIMMED_BYTES, reuse_large_buffers

def resident():
    return process.memory_info().rss

process = psutil.Process()
reuse_large_buffers()
before = resident()
buffers = [b"x" * (4 << 20) for _ in range(2 * TRIMMED_BYTES // (4 << 20))]
most = resident()
del buffers[:-1]
for _ in range(600):
    if resident() < TRIMMED_BYTES:
        break
    time.sleep(0.05)
print(most - before, resident() - before)
"""


def test_much_that_lies_free_is_given_back_though_one_buffer_is_still_used() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
    )
    most, kept = map(int, ended.stdout.split())
    assert most > 900 * MIB
    assert kept < 480 * MIB
