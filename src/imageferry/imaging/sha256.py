"""SHA-256 whose state can be written down, so that whoever died in the middle is gone on for.

The standard library's cannot. OpenSSL's own functions, which the standard library is built
on, keep their state in a structure that is public and has been the same since version 1.0:
https://docs.openssl.org/3.0/man3/SHA256_Init/. Where they cannot be reached, as in a Python
that has OpenSSL built in, hashes are the standard library's and have no state to be had.
"""

from __future__ import annotations

import _hashlib
import ctypes
import hashlib
from contextlib import suppress
from functools import cache
from typing import Protocol

Buffer = bytes | bytearray | memoryview

_DIGEST_BYTES = 32


class Sha256(Protocol):
    """A SHA-256 in the making."""

    def update(self, data: Buffer) -> None:
        """Take the next bytes in. Other threads go on meanwhile."""
        ...

    def hexdigest(self) -> str:
        """The hash of all bytes so far, in hexadecimal digits."""
        ...

    def state(self) -> bytes:
        """What another process of this machine's kind can go on with; see :func:`sha256`.

        It is empty where hashes have no state to be had.
        """
        ...


def sha256(state: bytes = b"") -> Sha256:
    """Begin a hash, or go on with one.

    Args:
        state: The state of the hash to go on with; empty for a new one.

    Raises:
        ValueError: it is no state of a hash.
    """
    if not has_state():
        if state:
            raise ValueError("here no hash can be gone on with")
        return _PlainSha256()
    return _StatefulSha256(state)


@cache
def has_state() -> bool:
    """Whether hashes can be gone on with here."""
    functions = _functions()
    if functions is None:
        return False
    first = _StatefulSha256(b"")
    first.update(b"a" * 100)
    second = _StatefulSha256(first.state())
    second.update(memoryview(b"b" * 100))
    return second.hexdigest() == hashlib.sha256(b"a" * 100 + b"b" * 100).hexdigest()


class _PlainSha256:
    """The standard library's."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, data: Buffer) -> None:
        self._hash.update(data)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()

    def state(self) -> bytes:
        return b""


class _Context(ctypes.Structure):
    """OpenSSL's ``SHA256_CTX``."""

    _fields_ = (
        ("h", ctypes.c_uint32 * 8),
        ("length", ctypes.c_uint32 * 2),
        ("data", ctypes.c_uint32 * 16),
        ("kept", ctypes.c_uint),
        ("digest_length", ctypes.c_uint),
    )


class _StatefulSha256:
    """OpenSSL's."""

    def __init__(self, state: bytes) -> None:
        self._context = _Context()
        if not state:
            _call("SHA256_Init", ctypes.byref(self._context))
            return
        if len(state) != ctypes.sizeof(_Context):
            raise ValueError("this is no state of a SHA-256")
        ctypes.memmove(ctypes.byref(self._context), state, len(state))
        # A place or a length beyond the structure would let OpenSSL write beyond it.
        if self._context.kept >= ctypes.sizeof(self._context.data) or (
            self._context.digest_length != _DIGEST_BYTES
        ):
            raise ValueError("this is no state of a SHA-256")

    def update(self, data: Buffer) -> None:
        if isinstance(data, memoryview):
            data = memoryview(data).cast("B")
        if not isinstance(data, bytes) and memoryview(data).readonly:
            data = bytes(data)
        size = len(data)
        if isinstance(data, bytes):
            _call("SHA256_Update", ctypes.byref(self._context), data, size)
        elif size:
            place = (ctypes.c_char * size).from_buffer(data)
            _call("SHA256_Update", ctypes.byref(self._context), ctypes.byref(place), size)

    def hexdigest(self) -> str:
        copy = _Context.from_buffer_copy(self._context)
        digest = ctypes.create_string_buffer(_DIGEST_BYTES)
        _call("SHA256_Final", digest, ctypes.byref(copy))
        return digest.raw.hex()

    def state(self) -> bytes:
        return bytes(self._context)


def _call(name: str, *arguments: object) -> None:
    functions = _functions()
    assert functions is not None  # noqa: S101 - nobody asks for a state where there is none
    if not getattr(functions, name)(*arguments):
        raise RuntimeError(f"OpenSSL's {name} failed")


@cache
def _functions() -> ctypes.CDLL | None:
    """The library that has the functions: the one that the standard library's hashes use."""
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(_hashlib.__file__)
        library.SHA256_Init.argtypes = [ctypes.c_void_p]
        library.SHA256_Update.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
        library.SHA256_Final.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        return library
    return None
