"""What a guest reads of two disks, both with holes."""

from __future__ import annotations

import random

_MIB = 1 << 20

DISK = random.Random(1).randbytes(_MIB) + bytes(_MIB) + random.Random(2).randbytes(_MIB)
"""A system disk."""

DATA = bytes(_MIB) + random.Random(3).randbytes(4096)
"""A data disk."""
