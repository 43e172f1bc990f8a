from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
import urllib3

from imageferry.service import worker_metrics
from imageferry.service.http_protocol import HttpProtocol
from imageferry.service.http_server import listen
from support.service import until


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    """Where a worker shows its metrics."""
    with listen("127.0.0.1", 0, "The page", "METRICS_PORT") as listener:
        server = worker_metrics.show(listener)
        until(lambda: server.started, 60, "The start of the server")
        yield listener.getsockname()
        server.should_exit = True
        until(lambda: not server.servers[0].is_serving(), 60, "The end of the server")


def _asked(address: tuple[str, int], path: str) -> tuple[int, bytes]:
    with urllib3.PoolManager() as http:
        reply = http.request("GET", "http://{}:{}{}".format(*address, path))
    return reply.status, reply.data


def test_a_worker_shows_what_it_counts_on_a_port_of_its_own(address: tuple[str, int]) -> None:
    status, text = _asked(address, "/metrics")

    assert status == 200
    assert b"imageferry_build_info" in text
    assert b"imageferry_tasks{" not in text
    assert _asked(address, "/")[0] == 404


def test_clients_that_say_nothing_hold_no_thread(address: tuple[str, int]) -> None:
    threads = set(threading.enumerate())

    clients = [socket.create_connection(address, timeout=60) for _ in range(20)]

    assert _asked(address, "/metrics")[0] == 200
    assert set(threading.enumerate()) <= threads
    for client in clients:
        client.close()


def test_a_client_that_says_nothing_is_let_go(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HttpProtocol, "patience", 0.1)

    with socket.create_connection(address, timeout=60) as client:
        assert client.recv(1) == b""
