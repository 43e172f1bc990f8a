"""The hash of what a guest sees of a disk, in which zeros cost nothing.

It is the SHA-256 of the BLAKE3 digests of every block of 4 MiB, the last one as long as the
disk reaches, as ``split --bytes=4M --filter='b3sum --raw' DISK | sha256sum`` prints it of a raw
disk. A hash of the plain bytes would have to be fed every zero of a sparse disk, one after the
other: half an hour for 2 TiB. The blocks are what costs time, and BLAKE3 takes a quarter of the
processor time of SHA-256; of the blocks' digests a SHA-256 can be gone on with after a crash.
"""

from __future__ import annotations

from functools import lru_cache

from blake3 import blake3

from imageferry.imaging.disk import BLOCK_SIZE
from imageferry.imaging.sha256 import sha256

_DIGESTS_AT_ONCE = 32768


def block_digest(data: bytes | bytearray | memoryview) -> bytes:
    """The BLAKE3 of one block."""
    return blake3(data).digest()


@lru_cache(maxsize=16)
def _zero_digest(length: int) -> bytes:
    return block_digest(bytes(length))


class ContentHash:
    """The hash of a disk whose blocks are added by offset; those left out are zero.

    Args:
        state: The :attr:`state` of the hash to go on with; none for a new one.
    """

    def __init__(self, state: tuple[int, bytes] = (0, b"")) -> None:
        self._blocks, begun = state
        self._hash = sha256(begun)

    @property
    def state(self) -> tuple[int, bytes]:
        """What another one can go on with."""
        return self._blocks, self._hash.state()

    def add(self, offset: int, digest: bytes) -> None:
        """Add the digest of the block at ``offset``."""
        self._add_zeros(offset // BLOCK_SIZE)
        self._hash.update(digest)
        self._blocks += 1

    def finish(self, virtual_size: int) -> str:
        """The hash of the whole disk of ``virtual_size`` bytes, in hexadecimal digits."""
        whole, rest = divmod(virtual_size, BLOCK_SIZE)
        self._add_zeros(whole)
        if rest and self._blocks == whole:
            self._hash.update(_zero_digest(rest))
        return self._hash.hexdigest()

    def _add_zeros(self, until: int) -> None:
        """Add zero blocks up to the block with a number."""
        while self._blocks < until:
            count = min(until - self._blocks, _DIGESTS_AT_ONCE)
            self._hash.update(_zero_digest(BLOCK_SIZE) * count)
            self._blocks += count
