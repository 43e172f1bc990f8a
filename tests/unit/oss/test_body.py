import asyncio
import base64
import hashlib
from collections.abc import Iterator

import pytest
from starlette.types import Message

from imageferry.oss.body import CheckedBody, ClientGoneError, RequestBody
from imageferry.oss.errors import OssError
from imageferry.oss.request import OssRequest, parse_request


def part(data: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": data, "more_body": more}


async def collected(
    messages: Iterator[Message], request: OssRequest | None = None, *, fetch_first: bool = False
) -> list[bytes]:
    async def receive() -> Message:
        message = next(messages, None)
        if message is None:
            await asyncio.Event().wait()
        assert message is not None
        return message

    body = RequestBody(receive, asyncio.get_running_loop(), idle_seconds=0.05)
    checked = CheckedBody(request or put(), body)
    if fetch_first:
        await body.fetch_first()
    try:
        return await asyncio.to_thread(lambda: list(checked.chunks()))
    finally:
        body.close()


def put(**headers: str) -> OssRequest:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return parse_request("PUT", b"/b/k", b"", pairs)


def run(messages: list[Message], request: OssRequest | None = None) -> list[bytes]:
    return asyncio.run(collected(iter(messages), request))


def test_small_parts_are_joined() -> None:
    assert run([part(b"a"), part(b""), part(b"b"), part(b"c", more=False)]) == [b"abc"]


def test_memory_does_not_grow_with_the_body() -> None:
    held = 0
    most = 0

    async def receive() -> Message:
        nonlocal held, most
        held += 1 << 19
        most = max(most, held)
        return part(bytes(1 << 19))

    async def consume() -> None:
        nonlocal held
        body = RequestBody(receive, asyncio.get_running_loop(), idle_seconds=1)

        def take() -> None:
            nonlocal held
            for _, chunk in zip(range(50), body.chunks(), strict=False):
                held -= len(chunk)

        await asyncio.to_thread(take)
        body.close()

    asyncio.run(consume())
    assert most <= 3 << 20


def test_an_empty_body_has_no_chunks() -> None:
    assert run([part(b"", more=False)]) == []


def test_a_client_that_hangs_up() -> None:
    with pytest.raises(ClientGoneError):
        run([part(b"a"), {"type": "http.disconnect"}])


def test_a_client_that_stops_sending() -> None:
    with pytest.raises(OssError) as refused:
        run([part(b"a")])
    assert refused.value.code.code == "RequestTimeout"


@pytest.mark.parametrize(
    "messages",
    [[part(b"a"), part(b"b", more=False)], [part(bytes(1 << 20)), part(b"b", more=False)]],
    ids=["one batch", "more than one batch"],
)
def test_a_body_is_the_same_when_its_first_batch_is_fetched_ahead(messages: list[Message]) -> None:
    ahead = asyncio.run(collected(iter(messages), fetch_first=True))

    assert ahead == run(messages)


def test_what_fails_ahead_is_told_to_who_reads_the_body() -> None:
    with pytest.raises(ClientGoneError):
        asyncio.run(collected(iter([part(b"a"), {"type": "http.disconnect"}]), fetch_first=True))
    with pytest.raises(OssError) as refused:
        asyncio.run(collected(iter([part(b"a")]), fetch_first=True))
    assert refused.value.code.code == "RequestTimeout"


def test_what_is_fetched_ahead_has_to_come_in_time_as_a_whole() -> None:
    async def drip() -> Message:
        await asyncio.sleep(0.02)
        return part(b"a")

    async def fetch() -> list[bytes]:
        body = RequestBody(drip, asyncio.get_running_loop(), idle_seconds=0.05)
        async with asyncio.timeout(30):
            await body.fetch_first()
        return list(body.chunks())

    with pytest.raises(OssError) as refused:
        asyncio.run(fetch())
    assert refused.value.code.code == "RequestTimeout"


def test_announced_digests_are_checked() -> None:
    md5 = base64.b64encode(hashlib.md5(b"123456789").digest()).decode()
    crc64 = str(0x995DC9BBDF1939FA)
    request = put(content_md5=md5, x_oss_hash_crc64ecma=crc64)
    assert run([part(b"123456789", more=False)], request) == [b"123456789"]
    with pytest.raises(OssError) as refused:
        run([part(b"12345678", more=False)], put(content_md5=md5))
    assert refused.value.code.code == "InvalidDigest"
    with pytest.raises(OssError) as refused:
        run([part(b"12345678", more=False)], put(x_oss_hash_crc64ecma=crc64))
    assert refused.value.code.code == "InvalidArgument"


@pytest.mark.parametrize(
    "headers",
    [
        {"content_md5": "%%%"},
        {"content_md5": "YWJj"},
        {"x_oss_hash_crc64ecma": "0x12"},
        {"x_oss_hash_crc64ecma": "9" * 5000},
    ],
)
def test_announced_digests_that_cannot_be_read(headers: dict[str, str]) -> None:
    with pytest.raises(OssError):
        run([part(b"", more=False)], put(**headers))


def test_documents_are_bounded() -> None:
    async def read(limit: int) -> bytes:
        messages = iter([part(b"12345"), part(b"67890", more=False)])

        async def receive() -> Message:
            return next(messages)

        body = RequestBody(receive, asyncio.get_running_loop(), idle_seconds=1)
        return await asyncio.to_thread(CheckedBody(put(), body).read, limit)

    assert asyncio.run(read(10)) == b"1234567890"
    with pytest.raises(OssError):
        asyncio.run(read(9))
