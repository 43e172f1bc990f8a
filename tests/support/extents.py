"""What holds for the extents of every disk, however hostile its image is."""

from __future__ import annotations

from itertools import pairwise

from imageferry.imaging.disk import DiskReader, Packing
from imageferry.imaging.errors import ImageError


def check_sound_or_refused(reader: DiskReader, file_size: int) -> None:
    """Make sure that extents lie in the file and follow one another on the disk, if there are any.

    Args:
        reader: The disk.
        file_size: The size of its image in bytes.
    """
    try:
        extents = list(reader.extents())
    except ImageError as error:
        assert error.code.startswith("InvalidImageFormat.")  # noqa: PT017  either ending is right
        return
    for extent in extents:
        assert 0 < extent.length <= reader.virtual_size - extent.offset
        assert 0 < extent.stored_length <= file_size - extent.place
        assert extent.place >= 0
        if extent.packing is Packing.PLAIN:
            assert extent.stored_length == extent.length
    assert all(one.offset + one.length <= other.offset for one, other in pairwise(extents))
