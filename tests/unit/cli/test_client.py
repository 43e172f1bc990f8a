from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from imageferry.cli.client import EcsClient, wire_parameters
from imageferry.cli.connection import Connection
from imageferry.cli.errors import ApiError, UnreachableError


def connection_to(port: int) -> Connection:
    address = f"http://127.0.0.1:{port}"
    return Connection(address, address, "id", "secret", "cn-hangzhou", Path("data"))


@contextmanager
def answering(status: int, body: bytes) -> Iterator[EcsClient]:
    """A client of a server that gives one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        client = EcsClient(connection_to(server.server_port))
        try:
            yield client
        finally:
            client.close()
            server.shutdown()
            thread.join()


def test_nested_values_are_spelt_as_the_api_wants_them() -> None:
    values = {
        "RegionId": "cn-hangzhou",
        "DryRun": True,
        "PageSize": 10,
        "Description": None,
        "Tag": [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": ""}],
        "Features": {"NvmeSupport": "supported"},
        "ResourceId": (),
    }

    assert list(wire_parameters(values)) == [
        ("RegionId", "cn-hangzhou"),
        ("DryRun", "true"),
        ("PageSize", "10"),
        ("Tag.1.Key", "a"),
        ("Tag.1.Value", "b"),
        ("Tag.2.Key", "c"),
        ("Tag.2.Value", ""),
        ("Features.NvmeSupport", "supported"),
    ]


def test_a_reply_is_returned() -> None:
    with answering(200, b'{"RequestId": "r", "X": 1}') as client:
        assert client.call("DescribeRegions", {}) == {"RequestId": "r", "X": 1}


def test_a_refusal_has_all_that_the_api_said() -> None:
    body = b'{"RequestId": "r", "Code": "C", "Message": "M", "Recommend": "Do\\u001b this."}'
    with answering(403, body) as client, pytest.raises(ApiError) as refused:
        client.call("DescribeRegions", {})

    assert refused.value.format_message() == "C: M\n  Do\\x1b this.\n  Request r"
    assert refused.value.document() == {
        "Error": {
            "Code": "C",
            "Message": "M",
            "Recommend": "Do\x1b this.",
            "RequestId": "r",
            "Status": 403,
        }
    }


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b"\xff"])
def test_a_server_that_is_no_ecs_api_is_told_apart(body: bytes) -> None:
    with answering(200, body) as client, pytest.raises(UnreachableError, match="not the ECS API"):
        client.call("DescribeRegions", {})


def test_a_service_that_does_not_answer_is_told_with_what_to_start() -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        port = server.server_port
    with pytest.raises(UnreachableError, match=r"imageferry serve --data-dir data") as error:
        EcsClient(connection_to(port)).call("DescribeRegions", {})

    assert f"http://127.0.0.1:{port}" in error.value.message
