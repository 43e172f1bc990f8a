"""Decode xz by all processors, where it consists of blocks that tell their sizes.

``xz -T`` writes such blocks, and so does ``xz`` itself since version 5.6. The standard library has
no decoder for them, but the system's liblzma has had one since version 5.4, whose structures are
public: https://tukaani.org/xz/liblzma-api/container_8h.html. It uses fewer threads, in the end one,
where blocks are so large that several need more memory than is allowed; so it does with blocks
that do not tell their sizes.

Before 5.8.1 damaged data makes it write to memory that it has given back (CVE-2025-31115). Some
systems have mended older versions, which cannot be seen from here, so it is left alone there.
"""

from __future__ import annotations

import ctypes
import lzma
import os
import weakref
from functools import cache

MAX_PARALLEL_BYTES = 96 * 1024 * 1024
"""Memory for decoding several blocks at once, as two of ``xz -T0`` take it: with all else that two
disks of a task need, within the memory of a slot."""

_SOUND_VERSION = 50080012
"""5.8.1, as liblzma counts."""

_LIBRARIES = ("liblzma.so.5", "liblzma.5.dylib")
_OK, _STREAM_END = 0, 1
_RUN = 0
_REASONS = {
    5: "out of memory",
    6: "Memory usage limit exceeded",
    7: "it is no xz",
    8: "it needs what this liblzma does not support",
    9: "its checksums do not fit",
    10: "it breaks off",
}


class _Stream(ctypes.Structure):
    """liblzma's ``lzma_stream``."""

    _fields_ = (
        ("next_in", ctypes.c_char_p),
        ("avail_in", ctypes.c_size_t),
        ("total_in", ctypes.c_uint64),
        ("next_out", ctypes.c_void_p),
        ("avail_out", ctypes.c_size_t),
        ("total_out", ctypes.c_uint64),
        ("allocator", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
        ("reserved_pointers", ctypes.c_void_p * 4),
        ("seek_pos", ctypes.c_uint64),
        ("reserved_integer", ctypes.c_uint64),
        ("reserved_sizes", ctypes.c_size_t * 2),
        ("reserved_enums", ctypes.c_int * 2),
    )


class _Options(ctypes.Structure):
    """liblzma's ``lzma_mt``."""

    _fields_ = (
        ("flags", ctypes.c_uint32),
        ("threads", ctypes.c_uint32),
        ("block_size", ctypes.c_uint64),
        ("timeout", ctypes.c_uint32),
        ("preset", ctypes.c_uint32),
        ("filters", ctypes.c_void_p),
        ("check", ctypes.c_int),
        ("reserved_enums", ctypes.c_int * 3),
        ("reserved_integers", ctypes.c_uint32 * 4),
        ("memlimit_threading", ctypes.c_uint64),
        ("memlimit_stop", ctypes.c_uint64),
        ("reserved_long_integers", ctypes.c_uint64 * 2),
        ("reserved_pointers", ctypes.c_void_p * 4),
    )


@cache
def _library() -> ctypes.CDLL | None:
    for name in _LIBRARIES:
        try:
            library = ctypes.CDLL(name)
            library.lzma_stream_decoder_mt.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
            library.lzma_code.argtypes = [ctypes.c_void_p, ctypes.c_int]
            library.lzma_end.argtypes = [ctypes.c_void_p]
        except (OSError, AttributeError):
            continue
        library.lzma_end.restype = None
        return library
    return None


def processors() -> int:
    """How many blocks can be decoded at once here: 1 where liblzma is older than 5.8.1."""
    library = _library()
    if library is None or library.lzma_version_number() < _SOUND_VERSION:
        return 1
    return len(os.sched_getaffinity(0))


class ParallelXzDecoder:
    """A decoder of one stream, in the words of Python's library.

    What it gives comes later than it could, as long as there is more to be put in: only its last
    bytes are waited for.

    Attributes:
        eof: Whether the stream has ended.
        needs_input: Whether nothing comes out before more is put in.
        unused_data: What followed the stream.

    Args:
        max_memory: What one block may need, in bytes.
        threads: How many blocks to decode at once, where memory allows it.

    Raises:
        LZMAError: there is no memory.
    """

    def __init__(self, max_memory: int, threads: int) -> None:
        library = _library()
        assert library is not None  # noqa: S101 - there is more than one processor
        self.eof = False
        self.needs_input = True
        self.unused_data = b""
        self._code = library.lzma_code
        self._stream = _Stream()
        options = _Options(
            threads=threads,
            memlimit_threading=min(MAX_PARALLEL_BYTES, max_memory),
            memlimit_stop=max_memory,
        )
        _check(library.lzma_stream_decoder_mt(ctypes.byref(self._stream), ctypes.byref(options)))
        weakref.finalize(self, library.lzma_end, ctypes.byref(self._stream))
        self._input = b""
        self._output = ctypes.create_string_buffer(0)

    def decompress(self, data: bytes | memoryview, max_length: int) -> bytes:
        """What comes out next.

        Args:
            data: More of the stream; none as long as no input is needed.
            max_length: The most bytes to give.

        Raises:
            LZMAError: it is damaged, or needs too much memory.
        """
        stream = self._stream
        if data:
            # liblzma has only its address.
            self._input = bytes(data)
            stream.next_in, stream.avail_in = self._input, len(data)
        if len(self._output) < max_length:
            self._output = ctypes.create_string_buffer(max_length)
        stream.next_out, stream.avail_out = ctypes.addressof(self._output), max_length
        code = self._code(ctypes.byref(stream), _RUN)
        length = max_length - stream.avail_out
        # Nothing in and nothing out is an error to liblzma only when it happens twice.
        self.eof = code == _STREAM_END
        self.needs_input = not (self.eof or stream.avail_in or length == max_length)
        if self.eof:
            self.unused_data = self._input[len(self._input) - stream.avail_in :]
        else:
            _check(code)
        return ctypes.string_at(self._output, length)


def _check(code: int) -> None:
    if code != _OK:
        raise lzma.LZMAError(_REASONS.get(code, f"liblzma failed with {code}"))
