from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imageferry.imaging.packaging.any_source import move_any
from imageferry.imaging.scratch import Scratch
from imageferry.imaging.threads import StoppedError, StopSignal
from imageferry.imaging.writers.raw import RawWriter
from support.images.packages import tar
from support.images.qcow2 import qcow2
from support.written import MemoryOutput

_SIZE = 1 << 20


def _qcow2() -> bytes:
    """An image without data, whose tables are all that is read of it."""
    pieces = qcow2(size=_SIZE, l2=())
    image = bytearray(max(place + len(piece) for place, piece in pieces.items()))
    for place, piece in pieces.items():
        image[place : place + len(piece)] = piece
    return bytes(image)


@pytest.mark.parametrize("wrap", [bytes, tar])
def test_it_stops_where_only_tables_are_read(
    wrap: Callable[[bytes], bytes], pieces: Callable[..., Any], tmp_path: Path
) -> None:
    stop = StopSignal()
    stop.set()
    with pytest.raises(StoppedError):
        move_any(
            pieces({0: wrap(_qcow2())}),
            RawWriter(MemoryOutput()),
            declared=None,
            max_virtual_size=_SIZE,
            scratch=Scratch(tmp_path),
            hash_source=False,
            stop=stop,
            begin=lambda total: None,
            progress=lambda done: None,
        )
