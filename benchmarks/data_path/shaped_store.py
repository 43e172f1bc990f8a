"""An object store behind a network like a cloud's, on this machine.

nginx stands for the network: see ``shaped-store.conf``. Behind it are an S3 server and, for
what is only read, files: SeaweedFS needs some three seconds of processor time for a GiB,
which on a small machine would be measured instead of the service.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import urllib3

from support.seaweedfs import REGION, S3Server, free_ports, s3_server
from support.service import until

SHAPED, PLAIN = "shaped", "plain"

REMOTE = "sources"
"""The remote bucket with the objects that are read, which are files."""

SOURCES = {SHAPED: "sources", PLAIN: "sources-plain"}
"""The service's buckets with these objects, by the way to them: the same objects."""

ECHO_MODULE = Path("/usr/lib/nginx/modules/ngx_http_echo_module.so")
_TEMPLATE = Path(__file__).with_name("shaped-store.conf")
_START_SECONDS = 10.0
_STOP_SECONDS = 10.0


@dataclass(frozen=True)
class ShapedStore:
    """A store that can be asked through the network, or without it.

    Attributes:
        folder: Where nginx keeps its files.
        s3: The server behind.
        endpoints: Its addresses, :data:`SHAPED` and :data:`PLAIN`.
    """

    folder: Path
    s3: S3Server
    endpoints: dict[str, str]

    @property
    def objects(self) -> Path:
        """A folder whose files are the objects that are read."""
        return self.folder / "files" / REMOTE / SOURCES[SHAPED]

    def url(self, key: str, way: str = SHAPED) -> str:
        """The address of such an object."""
        return f"{self.endpoints[way]}/{REMOTE}/{SOURCES[SHAPED]}/{key}"

    def bucket_url(self, remote_bucket: str, way: str = SHAPED) -> str:
        """A remote bucket as the service's settings name it."""
        endpoint = self.endpoints[way]
        return f"s3://{remote_bucket}?region={REGION}&endpoint={endpoint}&path_style=true"

    def moved(self) -> int:
        """The bytes that were sent either way until now, of answered requests."""
        lines = (self.folder / "moved.log").read_text().splitlines()
        return sum(sum(map(int, line.split()[-2:])) for line in lines)


@contextmanager
def shaped_store(folder: Path, objects: Path) -> Iterator[ShapedStore]:
    """Start the store with all it keeps in a folder, and stop it at the end.

    Args:
        folder: The folder.
        objects: The one whose files are the objects that are read.

    Raises:
        RuntimeError: nginx cannot be started.
    """
    with s3_server(folder) as s3:
        ports = free_ports((SHAPED, PLAIN))
        endpoints = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        store = ShapedStore(folder / "nginx", s3, endpoints)
        store.objects.parent.mkdir(parents=True)
        store.objects.symlink_to(objects)
        store.objects.with_name(SOURCES[PLAIN]).symlink_to(store.objects.name)
        _configure(store, ports)
        process = _start(store)
        try:
            until(lambda: _answers(process, store), _START_SECONDS, "The start of nginx")
            yield store
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)


def _configure(store: ShapedStore, ports: dict[str, int]) -> None:
    text = _TEMPLATE.read_text()
    values = {
        "ECHO_MODULE": str(ECHO_MODULE),
        "BACKEND": store.s3.endpoint.removeprefix("http://"),
        "SHAPED_PORT": str(ports[SHAPED]),
        "PLAIN_PORT": str(ports[PLAIN]),
        "OBJECTS": f"{REMOTE}/{SOURCES[SHAPED]}",
    }
    for name, value in values.items():
        text = text.replace(name, value)
    (store.folder / "shaped-store.conf").write_text(text)


def _start(store: ShapedStore) -> subprocess.Popen[bytes]:
    command = ["nginx", "-p", str(store.folder), "-c", "shaped-store.conf", "-e", "error.log"]
    if os.geteuid() == 0:
        # Else nginx would read the files as somebody who may not.
        command += ["-g", "user root;"]
    return subprocess.Popen(command)


def _answers(process: subprocess.Popen[bytes], store: ShapedStore) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"nginx ended with {process.returncode}: see the lines above.")
    try:
        reply = urllib3.request("GET", f"{store.endpoints[PLAIN]}/status", retries=False)
    except urllib3.exceptions.HTTPError:
        return False
    return reply.status == HTTPStatus.OK
