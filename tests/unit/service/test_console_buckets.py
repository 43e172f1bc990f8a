"""The buckets of accounts as the console shows them, over a real store and the real OSS API."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from imageferry.buckets.folder import FolderStore
from imageferry.buckets.remote_errors import RemoteStoreError
from imageferry.console.storage import ObjectRequest, StoreUnavailableError
from imageferry.oss.application import create_app
from imageferry.service.console_buckets import ConsoleBuckets
from imageferry.settings import Settings

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
REGION = "cn-hangzhou"
HOSTILE = "a/../<b>&?#%2e\u202e+ \n''\"é.raw"
BOOT_SECTOR = bytes(510) + b"\x55\xaa"


@dataclass(frozen=True)
class Key:
    secret: str = "secret"
    account_id: str = "100"
    active: bool = True
    security_token: str | None = None
    expires: datetime | None = None


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore(tmp_path)
    store.create_bucket("golden", region=REGION, owner="100")
    store.create_bucket("theirs", region=REGION, owner="200")
    return store


@pytest.fixture
def buckets(store: FolderStore) -> ConsoleBuckets:
    application = create_app(
        store, {"LTAI": Key()}.get, (REGION,), lambda: NOW, note_failure=lambda _: None
    )
    return ConsoleBuckets(store, Settings(), application, lambda: NOW)


def ask(buckets: ConsoleBuckets, request: ObjectRequest, body: bytes = b"") -> tuple[int, bytes]:
    """The status and the body of an answer."""
    answered: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        answered.append(message)

    application = buckets.answer("LTAI", "secret", request)
    asyncio.run(application({"type": "http", "http_version": "1.1"}, receive, send))  # type: ignore[arg-type]
    return answered[0]["status"], b"".join(part.get("body", b"") for part in answered)


@pytest.mark.parametrize("key", ["disk.raw", HOSTILE])
def test_requests_are_signed_as_the_oss_api_wants_it(buckets: ConsoleBuckets, key: str) -> None:
    headers = {"content-length": "4", "content-type": "text/html", "x-oss-forbid-overwrite": "true"}
    put = ObjectRequest(method="PUT", bucket="golden", key=key, headers=headers)
    get = ObjectRequest(method="GET", bucket="golden", key=key, headers={"range": "bytes=1-2"})

    assert ask(buckets, put, b"disk")[0] == 200
    assert ask(buckets, get) == (206, b"is")
    status, body = ask(buckets, put, b"DISK")
    assert (status, b"FileAlreadyExists" in body) == (409, True)


def test_requests_reach_the_buckets_of_the_key_alone(buckets: ConsoleBuckets) -> None:
    parameters = (("list-type", "2"), ("prefix", "a&b="))

    mine = ObjectRequest(method="GET", bucket="golden", parameters=parameters)
    theirs = ObjectRequest(method="GET", bucket="theirs", parameters=parameters)

    assert ask(buckets, mine)[0] == 200
    assert ask(buckets, theirs)[0] == 403


def test_only_the_accounts_buckets_are_told(buckets: ConsoleBuckets) -> None:
    assert [bucket.name for bucket in buckets.all("100")] == ["golden"]
    assert [bucket.name for bucket in buckets.all("300")] == []
    mine = buckets.find("100", "golden")
    assert mine is not None
    assert mine.region == REGION
    for name in ("theirs", "nothing", "..", "Not-A-Name"):
        assert buckets.find("100", name) is None


def test_a_bucket_is_listed_by_folders_and_pages(
    buckets: ConsoleBuckets, store: FolderStore
) -> None:
    for key in ("a.raw", "b/1", "b/2", "c.raw"):
        store.bucket("golden").put(key, [b"disk"])

    first = buckets.listing("golden", prefix="", marker="", size=2)
    second = buckets.listing("golden", prefix="", marker=first.next_marker, size=2)

    assert ([stored.key for stored in first.objects], first.folders) == (["a.raw"], ["b/"])
    assert ([stored.key for stored in second.objects], second.next_marker) == (["c.raw"], "")
    inside = buckets.listing("golden", prefix="b/", marker="", size=2)
    assert [(stored.key, stored.size) for stored in inside.objects] == [("b/1", 4), ("b/2", 4)]


def test_unfinished_uploads_are_those_of_a_folder(
    buckets: ConsoleBuckets, store: FolderStore
) -> None:
    upload = store.bucket("golden").start_upload("b/1")
    store.bucket("golden").start_upload("a")

    found = buckets.uploads("golden", "b/")

    assert [(entry.upload_id, entry.key) for entry in found] == [(upload.id, "b/1")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (BOOT_SECTOR + bytes(512), ("RAW", 1024, "", False)),
        (b"just text".ljust(1024), ("RAW", 1024, "", True)),
        (gzip.compress(BOOT_SECTOR + bytes(1 << 20)), ("", 0, "gzip", False)),
    ],
    ids=["disk", "no disk", "compressed"],
)
def test_an_object_is_looked_into(
    buckets: ConsoleBuckets, store: FolderStore, content: bytes, expected: tuple[object, ...]
) -> None:
    store.bucket("golden").put("disk", [content])

    found = buckets.inspect("golden", "disk")

    assert found is not None
    assert found.refusal is None
    assert (found.format, found.virtual_size, found.packaging, found.is_no_disk) == expected
    assert found.object.size == len(content)


def test_an_object_that_cannot_be_imported_says_why(
    buckets: ConsoleBuckets, store: FolderStore
) -> None:
    store.bucket("golden").put("empty", [])

    found = buckets.inspect("golden", "empty")

    assert found is not None
    assert found.refusal is not None
    assert found.refusal.detail == "The image has 0 bytes."
    assert found.refusal.remedy
    assert buckets.inspect("golden", "nothing") is None
    assert buckets.inspect("golden", "/no name") is None


def test_a_store_that_does_not_answer_is_told(
    buckets: ConsoleBuckets, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("buckets", "bucket"):
        monkeypatch.setattr(FolderStore, name, Mock(side_effect=RemoteStoreError("It is silent.")))

    questions = (
        lambda: buckets.all("100"),
        lambda: buckets.find("100", "golden"),
        lambda: buckets.listing("golden", prefix="", marker="", size=1),
        lambda: buckets.uploads("golden", ""),
        lambda: buckets.inspect("golden", "disk"),
    )
    for question in questions:
        with pytest.raises(StoreUnavailableError, match="silent"):
            question()
