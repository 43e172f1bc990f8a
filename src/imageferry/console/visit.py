"""One request to the console: who sent it, in which language, with which form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

import anyio
from starlette.requests import ClientDisconnect, Request

from imageferry.console.interface import Key
from imageferry.console.tokens import Token, derived

MAX_FORM_BYTES = 512 * 1024
"""A hundred of the longest names of objects fit, every byte of them in three."""

FORM_SECONDS = 30.0
"""How long a form may take to arrive: the largest does at 17 KB a second."""

FORM = "application/x-www-form-urlencoded"

Fields = Mapping[str, Sequence[str]]
"""The values of each field, in the order they were sent."""


class FormError(Exception):
    """A form cannot be read, or is not from a page of ours. Its text is a key of the texts."""


@dataclass(frozen=True)
class Session:
    """A browser that has signed in."""

    token: Token

    @property
    def key(self) -> Key:
        """The access key that it signed in with."""
        return self.token.key

    @property
    def form_token(self) -> str:
        """What every form has to send back: other sites cannot know it."""
        return derived(self.key, "form", self.token.nonce)


@dataclass(frozen=True)
class Visit:
    """A request, read as far as every page needs it.

    Attributes:
        request: The request itself, whose body is read.
        language: The language to answer in.
        session: Who has signed in, where somebody has.
        form: The fields of a form that was sent.
    """

    request: Request
    language: str
    session: Session | None
    form: Fields

    @property
    def key(self) -> Key:
        """The access key of a visitor who has signed in."""
        if self.session is None:
            raise LookupError("the page is for visitors who have signed in")
        return self.session.key

    @property
    def host(self) -> str:
        """The address that the browser used."""
        return self.request.headers.get("host", "")

    def query(self, name: str) -> str:
        """A parameter of the page's address, or nothing."""
        return self.request.query_params.get(name, "")

    def asks_for(self, part: str) -> bool:
        """Whether a page that is there asks for one part of it, by its id, to put it in place."""
        headers = self.request.headers
        return headers.get("hx-target") == part and "hx-history-restore-request" not in headers

    def field(self, name: str) -> str:
        """A field of the form, or nothing."""
        return next(iter(self.form.get(name, ())), "")


async def read_form(request: Request, *, seconds: float = FORM_SECONDS) -> Fields:
    """The fields of a form that was sent; none where the request has no body to read.

    Args:
        request: The request.
        seconds: How long it may take to arrive.

    Raises:
        FormError: it comes from another site, is too large, did not arrive, or is no form of
            ours; or the page's address is none of ours.
    """
    _check_text(request.url.path, *(value for _, value in request.query_params.multi_items()))
    if request.method != "POST":
        return {}
    check_origin(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise FormError("form.unreadable")
    try:
        with anyio.fail_after(seconds):
            return _fields(await _body(request))
    except (TimeoutError, ClientDisconnect) as error:
        raise FormError("form.unreadable") from error


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise FormError("form.unreadable")
    return bytes(body)


def _check_text(*texts: str) -> None:
    """Refuse the one character that no name has and not every database can look for."""
    if any("\0" in text for text in texts):
        raise FormError("form.unreadable")


def _fields(body: bytes) -> Fields:
    fields: dict[str, list[str]] = {}
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=1000)
    except ValueError as error:
        raise FormError("form.unreadable") from error
    for name, value in pairs:
        _check_text(value)
        fields.setdefault(name, []).append(value)
    return fields


def check_origin(request: Request) -> None:
    """Refuse forms that a page of another site has sent, by what browsers say about it.

    Raises:
        FormError: the browser says that another site sent it.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        is_ours = site in {"same-origin", "none"}
    else:
        is_ours = origin is None or origin.partition("://")[2] == request.headers.get("host")
    if not is_ours:
        raise FormError("form.foreign")
