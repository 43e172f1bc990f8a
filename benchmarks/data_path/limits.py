"""The least time that moving some bytes can take: in parallel, and nothing done with them."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.data_path.shaped_store import ShapedStore

MIB = 2**20
RANGE = 4 * MIB
CONNECTIONS = 16
PART = 8 * MIB
UPLOADS = 8
"""Parts and connections are those of the service's own uploads."""

_URL_SECONDS = 3600


def get(url: str, size: int) -> None:
    """GET an object of ``size`` bytes by many ranges at a time, and throw the bytes away."""
    where = urlsplit(url)

    def fetch(connection: http.client.HTTPConnection, start: int) -> None:
        end = min(start + RANGE, size)
        connection.request("GET", where.path, headers={"Range": f"bytes={start}-{end - 1}"})
        answer = connection.getresponse()
        _check(answer, http.HTTPStatus.PARTIAL_CONTENT)
        buffer = memoryview(bytearray(MIB))
        while answer.readinto(buffer):
            pass

    _in_parallel(where.netloc, CONNECTIONS, range(0, size, RANGE), fetch)


def put(client: Any, bucket: str, path: Path) -> None:
    """PUT a ready file as one object by many parts at a time."""
    size = path.stat().st_size
    key = f"limit-{path.name}"
    upload = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    where = {"Bucket": bucket, "Key": key, "UploadId": upload}
    etags: dict[int, str] = {}

    def send(connection: http.client.HTTPConnection, start: int) -> None:
        number = start // PART + 1
        url = client.generate_presigned_url(
            "upload_part", {**where, "PartNumber": number}, ExpiresIn=_URL_SECONDS
        )
        with path.open("rb", buffering=0) as file:
            file.seek(start)
            body = file.read(min(PART, size - start))
        parts = urlsplit(url)
        connection.request("PUT", f"{parts.path}?{parts.query}", body=body)
        answer = connection.getresponse()
        _check(answer, http.HTTPStatus.OK)
        answer.read()
        etags[number] = answer.headers["ETag"]

    netloc = urlsplit(client.meta.endpoint_url).netloc
    _in_parallel(netloc, UPLOADS, range(0, max(size, 1), PART), send)
    named = [{"PartNumber": number, "ETag": etags[number]} for number in sorted(etags)]
    client.complete_multipart_upload(**where, MultipartUpload={"Parts": named})


def download(store: ShapedStore, bucket: str, key: str, path: Path) -> None:
    """Have an object as a file, to be sent again."""
    with path.open("wb") as file:
        store.s3.client.download_fileobj(Bucket=bucket, Key=key, Fileobj=file)


def _in_parallel(
    netloc: str,
    connections: int,
    items: range,
    work: Callable[[http.client.HTTPConnection, int], None],
) -> None:
    own = threading.local()

    def run(item: int) -> None:
        if not hasattr(own, "connection"):
            own.connection = http.client.HTTPConnection(netloc)
            opened.append(own.connection)
        work(own.connection, item)

    opened: list[http.client.HTTPConnection] = []
    with ThreadPoolExecutor(connections) as pool:
        for _ in pool.map(run, items):
            pass
    for connection in opened:
        connection.close()


def _check(answer: http.client.HTTPResponse, status: http.HTTPStatus) -> None:
    if answer.status != status:
        raise RuntimeError(f"The store answered {answer.status}: {answer.read(MIB)!r}")
