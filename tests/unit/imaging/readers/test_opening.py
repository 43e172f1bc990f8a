from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imageferry.imaging.disk import DiskReader
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.readers import opening
from imageferry.imaging.readers.raw import RawReader
from imageferry.imaging.readers.vdi import VdiReader
from imageferry.imaging.readers.vhd import VhdReader
from imageferry.imaging.readers.vhdx import VhdxReader
from support.images.vdi import vdi
from support.images.vhd import dynamic, footer
from support.images.vhdx import vhdx


@pytest.mark.parametrize(
    ("image", "reader"),
    [
        ({0: b"raw"}, RawReader),
        (vdi(), VdiReader),
        (dynamic(), VhdReader),
        ({4 << 20: footer(kind=2)}, VhdReader),
        (vhdx(), VhdxReader),
    ],
)
def test_what_an_inspection_accepts_is_opened(
    pieces: Callable[..., Any], image: dict[int, bytes], reader: type[DiskReader]
) -> None:
    source = pieces(image)
    found = inspect(source, max_virtual_size=1 << 40)
    opened = opening.open_reader(source, found)
    assert isinstance(opened, reader)
    assert opened.virtual_size == found.virtual_size


def test_there_is_a_reader_for_every_format() -> None:
    assert set(opening._READERS) == set(Format)
