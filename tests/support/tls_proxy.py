"""A proxy for clients that insist on HTTPS: it ends the TLS and passes the bytes on.

It stands for the proxy that an operator puts before the service. Only what
``CONNECT`` asks for is passed on, and always to the one address.
"""

from __future__ import annotations

import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CHUNK_BYTES = 1 << 16
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


@dataclass(frozen=True)
class TlsProxy:
    """A proxy that runs.

    Attributes:
        url: Its address.
        certificate: The file of the certificate that clients have to trust.
        asked: Every host and port that was asked for.
    """

    url: str
    certificate: Path
    asked: Sequence[str]


@contextmanager
def tls_proxy(folder: Path, target: str, hosts: Sequence[str]) -> Iterator[TlsProxy]:
    """Run a proxy.

    Args:
        folder: Where its key and its certificate go.
        target: Where it leads, as ``http://127.0.0.1:port``.
        hosts: The names that the certificate is for.
    """
    certificate = _make_certificate(folder, hosts)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    host, port = target.removeprefix("http://").split(":")
    asked: list[str] = []

    class Tunnel(socketserver.StreamRequestHandler):
        rbufsize = 0

        def handle(self) -> None:
            method, authority, _ = self.rfile.readline().split()
            assert method == b"CONNECT", "plain HTTP needs no proxy"
            asked.append(authority.decode())
            while self.rfile.readline().strip():
                pass
            self.request.sendall(ESTABLISHED)
            with (
                context.wrap_socket(self.request, server_side=True) as client,
                socket.create_connection((host, int(port))) as server,
            ):
                _pass_on(client, server)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tunnel) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield TlsProxy(f"http://127.0.0.1:{listener.server_address[1]}", certificate, asked)
        finally:
            listener.shutdown()
            thread.join()


def _pass_on(client: ssl.SSLSocket, server: socket.socket) -> None:
    """Pass bytes on both ways until either side has no more."""
    other: dict[socket.socket, socket.socket] = {client: server, server: client}
    while True:
        # What TLS has read ahead makes no socket readable.
        ready = [client] if client.pending() else select.select([client, server], [], [])[0]
        for source in ready:
            data = source.recv(CHUNK_BYTES)
            if not data:
                return
            other[source].sendall(data)


def _make_certificate(folder: Path, hosts: Sequence[str]) -> Path:
    """Write a key and a certificate that signs itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "imageferry tests")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "proxy.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
