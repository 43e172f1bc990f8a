from __future__ import annotations

import socket

from imageferry.service import http_server


def test_an_answer_that_nobody_reads_does_not_hold_its_connection_for_ever() -> None:
    with (
        http_server.listen("127.0.0.1", 0, "The OSS API", "OSS_PORT") as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        milliseconds = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    assert milliseconds == http_server.UNREAD_SECONDS * 1000


def test_no_connection_holds_packets_back_until_earlier_ones_are_acknowledged() -> None:
    with (
        http_server.listen("127.0.0.1", 0, "The OSS API", "OSS_PORT") as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
