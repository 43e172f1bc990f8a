from __future__ import annotations

import ctypes

import pytest

from imageferry.imaging.buffers import PAGE_SIZE, page_aligned


@pytest.mark.parametrize("length", [1, 511, 4096, 4 << 20])
def test_memory_begins_at_a_page_and_is_zero(length: int) -> None:
    memory = page_aligned(length)

    assert ctypes.addressof(ctypes.c_char.from_buffer(memory)) % PAGE_SIZE == 0
    assert memory == bytes(length)
    assert not memory.readonly
