"""Memory for the bytes of a disk."""

from __future__ import annotations

import ctypes

PAGE_SIZE = 4096
"""What the memory has to begin at that is written past the kernel's cache."""


def page_aligned(length: int) -> memoryview:
    """So many zeros, to be written on, which begin at a page: they are stored without a copy."""
    memory = bytearray(length + PAGE_SIZE - 1)
    skipped = -ctypes.addressof(ctypes.c_char.from_buffer(memory)) % PAGE_SIZE
    return memoryview(memory)[skipped : skipped + length]
