from __future__ import annotations

import hashlib

import pytest

from imageferry.imaging.hashed_output import HashedOutput
from imageferry.imaging.threads import StoppedError, StopSignal
from imageferry.imaging.writers.tar_gz import TarGzWriter
from support.written import ForgetfulOutput, MemoryOutput, planned

_MIB = 1024 * 1024
_TIB = 1024 * 1024 * _MIB


def test_the_hash_is_that_of_the_whole_image() -> None:
    output = MemoryOutput()
    hashed = HashedOutput(output, StopSignal())
    for offset, data in ((0, b"head"), (4, b"more"), (3 * _MIB + 7, b"data")):
        hashed.write(offset, data)
    image = output.finish(5 * _MIB)
    assert image[3 * _MIB + 7 :][:4] == b"data"
    assert hashed.finish(5 * _MIB) == hashlib.sha256(image).hexdigest()


def test_going_back_is_an_error() -> None:
    hashed = HashedOutput(MemoryOutput(), StopSignal())
    hashed.write(0, b"head")
    with pytest.raises(ValueError, match="Byte 3 comes after byte 4"):
        hashed.write(3, b"d")


def test_zeros_that_take_long_to_hash_can_be_stopped() -> None:
    stop = StopSignal()
    hashed = HashedOutput(ForgetfulOutput(), stop)
    stop.set()
    with pytest.raises(StoppedError):
        hashed.finish(_TIB)


def test_zeros_that_take_long_to_write_can_be_stopped() -> None:
    stop = StopSignal()
    writer = TarGzWriter(HashedOutput(ForgetfulOutput(), stop), planned(_TIB, {}))
    stop.set()
    with pytest.raises(StoppedError):
        writer.finish(_TIB)
