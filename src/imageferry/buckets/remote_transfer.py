"""The bytes of remote objects, over signed URLs.

Each request is one range or one part, and is made again after a pause when it
fails for a passing reason. Certificates are checked, redirects are not followed
and no proxy is asked, so nothing but the signed address is spoken to.
"""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import IO, Any, TypeVar

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import BaseHTTPResponse

from imageferry.buckets import bandwidth, remote_observed
from imageferry.buckets.interface import StoreError
from imageferry.buckets.interruption import Interruption, note_connection
from imageferry.buckets.remote_client import PATIENT, SignedUrl
from imageferry.buckets.remote_errors import RemoteStoreError, refusal, unreachable

_Result = TypeVar("_Result")

Sign = Callable[[], SignedUrl]
"""Makes a URL that is good now."""

_CONNECTIONS = 32
_BLOCK = 1 << 20
_FIRST_PAUSE_SECONDS = 0.2
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_OK = 200
_PARTIAL = 206
_OUT_OF_RANGE = 416
_ERROR_BYTES = 8192
_CODE = re.compile(rb"<Code>(\w{1,64})</Code>")


class _PassingError(Exception):
    """A failure that may be gone at the next attempt; its first argument is the lasting error."""


class _Connection(HTTPConnection):
    """A connection whose request can be interrupted."""

    def connect(self) -> None:
        super().connect()
        note_connection(self.sock)

    def request(self, *arguments: Any, **options: Any) -> None:
        if self.sock is not None:
            note_connection(self.sock)
        super().request(*arguments, **options)


class _SecureConnection(_Connection, HTTPSConnection):
    """Such a one by TLS."""


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class Transfer:
    """Moves bytes over signed URLs. Safe in threads, which share its connections."""

    def __init__(self) -> None:
        self._http = urllib3.PoolManager(
            maxsize=_CONNECTIONS,
            blocksize=_BLOCK,
            retries=False,
            timeout=urllib3.Timeout(connect=PATIENT.connect_seconds, read=PATIENT.read_seconds),
        )
        self._http.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        self._interruption = Interruption()

    def until(self, interruption: Interruption) -> Transfer:
        """This one over the same connections, for requests that end when they are told to."""
        transfer = copy.copy(self)
        transfer._interruption = interruption
        return transfer

    def read(self, sign: Sign, offset: int, length: int, etag: str) -> bytes:
        """The bytes of one range of one version of an object.

        Args:
            sign: Makes the object's URL.
            offset: Where the range begins, in bytes; within the object.
            length: How long it is, in bytes; at least 1, and within the object.
            etag: The version's ETag, without quotes.

        Raises:
            ObjectChangedError: the object has another ETag.
            ObjectNotFoundError: it is gone.
            RemoteStoreError: the store cannot be reached, or refuses.
        """
        bandwidth.PROCESS.let_pass(length, self._interruption)
        asked = {"Range": f"bytes={offset}-{offset + length - 1}", "If-Match": f'"{etag}"'}
        data = self._attempted("GetRange", lambda: self._read(sign(), asked, length))
        remote_observed.read(length)
        return data

    def write(
        self, sign: Sign, body: bytes | memoryview | IO[bytes], size: int
    ) -> Mapping[str, str]:
        """Store one object or one part, and return the answer's headers.

        Args:
            sign: Makes the URL.
            body: The bytes, or a file that has them from its beginning to its end.
            size: How many they are.

        Raises:
            StoreError: the store cannot be reached, or refuses.
        """
        bandwidth.PROCESS.let_pass(size, self._interruption)
        headers = {"Content-Length": str(size)}
        answered = self._attempted("Upload", lambda: self._write(sign(), body, headers))
        remote_observed.written(size)
        return answered

    def _attempted(self, operation: str, attempt: Callable[[], _Result]) -> _Result:
        with remote_observed.observed(operation):
            return self._repeated(attempt)

    def _repeated(self, attempt: Callable[[], _Result]) -> _Result:
        for number in range(1, PATIENT.attempts):
            try:
                return self._once(attempt)
            except _PassingError as error:
                remote_observed.repeated(_lasting(error))
                pause = _FIRST_PAUSE_SECONDS * 2**number
                spread = random.uniform(0.5, 1)  # noqa: S311 - spreads requests, no secret
                self._interruption.pause(pause * spread)
        try:
            return self._once(attempt)
        except _PassingError as error:
            raise _lasting(error) from None

    def _once(self, attempt: Callable[[], _Result]) -> _Result:
        with self._interruption.request():
            return attempt()

    def _read(self, signed: SignedUrl, headers: Mapping[str, str], length: int) -> bytes:
        with self._answer("GET", signed, headers) as response:
            if response.status != _PARTIAL:
                raise _failure(response, "a read")
            data = response.read(length)
            if len(data) < length:
                raise _PassingError(RemoteStoreError("the remote store sent too few bytes"))
            return data

    def _write(
        self,
        signed: SignedUrl,
        body: bytes | memoryview | IO[bytes],
        headers: Mapping[str, str],
    ) -> Mapping[str, str]:
        if not isinstance(body, bytes | memoryview):
            body.seek(0)
        with self._answer("PUT", signed, headers, body) as response:
            if response.status != _OK:
                raise _failure(response, "a write")
            return response.headers

    @contextmanager
    def _answer(
        self,
        method: str,
        signed: SignedUrl,
        headers: Mapping[str, str],
        body: bytes | memoryview | IO[bytes] | None = None,
    ) -> Iterator[BaseHTTPResponse]:
        """The answer to a request; a connection whose answer was not wanted whole is closed."""
        try:
            response = self._http.urlopen(
                method,
                signed.url,
                body=body,
                headers={"Accept-Encoding": "identity", **signed.headers, **headers},
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            try:
                yield response
                response.drain_conn()
            finally:
                response.close()
        except urllib3.exceptions.HTTPError as error:
            raise _PassingError(unreachable(f"a {method} request", error)) from None


def etag_of(headers: Mapping[str, str]) -> str:
    """The ETag in an answer's headers, without quotes."""
    return headers.get("ETag", "").strip('"')


def date_of(headers: Mapping[str, str]) -> datetime:
    """The time of an answer by the store's clock, in whole seconds, UTC."""
    date = headers.get("Date")
    return parsedate_to_datetime(date) if date else datetime.now(UTC).replace(microsecond=0)


def _failure(response: BaseHTTPResponse, what: str) -> Exception:
    if response.status == _OUT_OF_RANGE:
        return refusal(412, "", what)
    found = _CODE.search(response.read(_ERROR_BYTES))
    error = refusal(response.status, found[1].decode() if found else "", what)
    return _PassingError(error) if response.status in _PASSING else error


def _lasting(error: _PassingError) -> StoreError:
    lasting: StoreError = error.args[0]
    return lasting
