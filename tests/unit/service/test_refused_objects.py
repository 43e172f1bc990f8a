"""Refused requests to the OSS API, as an installation keeps them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from imageferry.accounts import failed_calls
from imageferry.console.storage import ObjectRequest
from imageferry.database.metadata import now
from imageferry.service.api import oss_application
from imageferry.service.console_buckets import ConsoleBuckets
from imageferry.service.console_tools import KeptCalls
from imageferry.service.installation import Installation, first_key, open_installation
from imageferry.settings import Settings


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with closing(open_installation(Settings(data_dir=tmp_path / "data"))) as opened:
        yield opened


def refused(installation: Installation) -> dict[str, str]:
    """The headers of the answer to a request for a bucket that there is none of."""
    key, _ = first_key(installation)
    application = oss_application(installation)
    buckets = ConsoleBuckets(installation.store, installation.settings, application, now)
    request = ObjectRequest(method="GET", bucket="nothing", key="disk.raw")
    answered: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        answered.append(message)

    answer = buckets.answer(key.access_key_id, key.secret, request)
    asyncio.run(answer({"type": "http", "http_version": "1.1"}, receive, send))  # type: ignore[arg-type]
    assert answered[0]["status"] == 404
    return {name.decode(): value.decode() for name, value in answered[0]["headers"]}


def test_it_is_found_by_its_account_alone(installation: Installation) -> None:
    account_id = first_key(installation)[0].account_id

    request_id = refused(installation)["x-oss-request-id"]

    kept = KeptCalls(installation.database)
    call = kept.find(account_id, request_id.lower())
    assert call is not None
    assert (call.action, call.code) == ("GetObject", "NoSuchBucket")
    assert call.parameters == {"Bucket": "nothing", "Key": "disk.raw"}
    assert kept.find("another", request_id) is None


def test_it_is_answered_also_while_nothing_can_be_kept(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object) -> None:
        raise sa.exc.OperationalError("insert", {}, OSError("database is locked"))

    monkeypatch.setattr(failed_calls, "remember", unreachable)

    assert refused(installation)["x-oss-request-id"]
