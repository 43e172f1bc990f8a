from __future__ import annotations

import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from imageferry.imaging.content_hash import ContentHash, block_digest
from imageferry.imaging.disk import BLOCK_SIZE


def content_hash(disk: bytes, *, zeros_left_out: bool) -> str:
    content = ContentHash()
    for offset in range(0, len(disk), BLOCK_SIZE):
        block = disk[offset : offset + BLOCK_SIZE]
        if any(block) or not zeros_left_out:
            content.add(offset, block_digest(block))
    return content.finish(len(disk))


def formula(disk: bytes) -> str:
    """What the shell's commands in the module's text do."""
    starts = range(0, len(disk), BLOCK_SIZE)
    digests = (sha256(disk[start : start + BLOCK_SIZE]).digest() for start in starts)
    return sha256(b"".join(digests)).hexdigest()


_DATA = b"\1" * BLOCK_SIZE
_ZEROS = bytes(BLOCK_SIZE)


@pytest.mark.parametrize("zeros_left_out", [True, False])
@pytest.mark.parametrize(
    "disk",
    [
        b"",
        b"guest",
        bytes(512),
        _DATA,
        _ZEROS,
        _ZEROS + _DATA,
        _DATA + _ZEROS + _ZEROS + _DATA + bytes(512),
        _ZEROS + _ZEROS + b"guest",
        _DATA + _ZEROS,
    ],
    ids=range(9),
)
def test_the_hash_is_that_of_the_blocks_hashes(disk: bytes, *, zeros_left_out: bool) -> None:
    assert content_hash(disk, zeros_left_out=zeros_left_out) == formula(disk)


def test_the_shell_computes_the_same(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(_ZEROS + _DATA + b"guest")
    unpack = "sha256sum | cut -c1-64 | tr a-f A-F | basenc -d --base16 -i"
    command = f"split --bytes=4M --filter='{unpack}' {disk} | sha256sum"
    printed = subprocess.check_output(["sh", "-c", command])
    assert printed[:64].decode() == content_hash(disk.read_bytes(), zeros_left_out=True)


def test_two_tebibytes_of_zeros_take_no_time() -> None:
    content = ContentHash()
    content.add(BLOCK_SIZE, block_digest(_DATA))
    expected = sha256(sha256(_ZEROS).digest() + sha256(_DATA).digest())
    blocks = (2 << 40) // BLOCK_SIZE
    expected.update(sha256(_ZEROS).digest() * (blocks - 2))
    assert content.finish(2 << 40) == expected.hexdigest()
