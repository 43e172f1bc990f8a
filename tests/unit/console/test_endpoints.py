"""What visitors are told while the database does not answer."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from imageferry.console.endpoints import Endpoint, for_everybody, for_scripts
from imageferry.console.interface import Key
from imageferry.console.visit import Visit
from support.visits import backend, cookie, text


def failing(_visit: Visit) -> Response:
    raise TimeoutError


def no_key(_access_key_id: str) -> Key | None:
    raise TimeoutError


def answer(endpoint: Endpoint, method: str, *headers: tuple[bytes, bytes]) -> Response:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": method, "path": "/", "query_string": b""}
    return asyncio.run(answered(endpoint, Request(scope | {"headers": headers}, receive)))


async def answered(endpoint: Endpoint, request: Request) -> Response:
    return await endpoint(request)


def test_a_page_says_so_and_comes_back_by_itself() -> None:
    told = answer(for_everybody(backend(), failing), "GET")

    assert told.status_code == 503
    assert told.headers["Retry-After"] == "5"
    assert "The database does not answer" in text(told)
    assert '<meta http-equiv="refresh" content="5">' in text(told)


def test_a_form_is_not_sent_again_by_itself() -> None:
    form = (b"content-type", b"application/x-www-form-urlencoded")

    told = answer(for_everybody(backend(), failing), "POST", form)

    assert told.status_code == 503
    assert "http-equiv" not in text(told)
    assert "may not have been done" in text(told)


def test_a_script_is_asked_to_try_again() -> None:
    endpoint = for_scripts(backend(find_key=no_key), failing)

    assert answer(endpoint, "GET", cookie()).status_code == 503


def test_who_signs_in_is_told_too() -> None:
    endpoint = for_everybody(backend(find_key=no_key), failing)

    assert answer(endpoint, "GET", cookie()).status_code == 503
