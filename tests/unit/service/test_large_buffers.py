from __future__ import annotations

import subprocess
import sys

MIB = 1 << 20
PROGRAM = """
from pathlib import Path
from imageferry.service.memory import return_large_buffers

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

return_large_buffers()
before = resident()
for _ in range(2):
    buffers = [b"x" * (4 << 20) for _ in range(32)]
    most = resident()
    del buffers[:-1]
print(most - before, resident() - before)
"""


def test_freed_buffers_are_given_back_though_one_is_still_used() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
    )
    most, kept = map(int, ended.stdout.split())
    assert most > 120 * MIB
    assert kept < 16 * MIB
