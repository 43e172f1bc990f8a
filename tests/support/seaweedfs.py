"""A real S3 server for tests: SeaweedFS on free ports of 127.0.0.1.

It keeps its data in a temporary folder, speaks to nobody, and ends when the
tests do, however they end.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import urllib3
from botocore.config import Config

from imageferry.buckets.remote_client import Credentials
from imageferry.buckets.s3 import S3Client
from support.service import until

REGION = "us-east-1"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
MEMORY = "768MiB"
# Each bucket has volumes of its own. Seven each, and as many in all as the disk would hold when
# full, are too few for the tests of one run on a small disk.
VOLUMES = 10_000
VOLUMES_OF_A_BUCKET = 2
PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port",
    "s3.port.grpc",
)

# Ends the server when the standard input does, that is when the tests die.
KEEPER = """
import subprocess, sys
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
sys.stdin.read()
server.kill()
server.wait()
"""


@dataclass(frozen=True)
class S3Server:
    """An S3 server that runs.

    Attributes:
        endpoint: Its address.
        access_key_id, access_key_secret: A key that may do everything.
    """

    endpoint: str
    access_key_id: str
    access_key_secret: str

    def make_bucket(self) -> str:
        """Make a bucket of its own for a test."""
        name = f"test-{secrets.token_hex(8)}"
        self.client.create_bucket(Bucket=name)
        return name

    def remote_client(self, endpoint: str = "") -> S3Client:
        """The service's own client for a new bucket, perhaps by another address."""
        return S3Client(
            self.make_bucket(),
            Credentials(self.access_key_id, self.access_key_secret),
            region=REGION,
            endpoint=endpoint or self.endpoint,
            path_style=True,
        )

    @cached_property
    def client(self) -> Any:
        """A client to look behind the store's back."""
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.access_key_secret,
            config=Config(s3={"addressing_style": "path"}, signature_version="s3v4"),
        )

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The keys that are in a bucket."""
        found = self.client.list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for item in found.get("Contents", ())]

    def uploads(self, bucket: str) -> list[str]:
        """The keys of the multipart uploads that are in a bucket."""
        found = self.client.list_multipart_uploads(Bucket=bucket)
        return [item["Key"] for item in found.get("Uploads", ())]


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Start a server with its data in a folder, and stop it at the end."""
    key_id, secret = "seaweed", secrets.token_hex(16)
    ports = free_ports(PORTS)
    process = _start(folder, ports, _access(folder, key_id, secret))
    try:
        server = S3Server(f"http://127.0.0.1:{ports['s3.port']}", key_id, secret)
        until(lambda: _answers(process, server, folder), START_SECONDS, "The start of SeaweedFS")
        yield server
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(STOP_SECONDS)


def free_ports(names: Sequence[str]) -> dict[str, int]:
    """Ports that nobody listens on; all are looked for before any is let go."""
    with ExitStack() as stack:
        found = {}
        for name in names:
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            found[name] = listener.getsockname()[1]
        return found


def _access(folder: Path, key_id: str, secret: str) -> Path:
    credentials = [{"accessKey": key_id, "secretKey": secret}]
    identity = {"name": "tests", "credentials": credentials, "actions": ["Admin"]}
    path = folder / "s3.json"
    path.write_text(json.dumps({"identities": [identity]}))
    return path


def _start(folder: Path, ports: dict[str, int], access: Path) -> subprocess.Popen[bytes]:
    data = folder / "data"
    data.mkdir()
    growth = f"[master.volume_growth]\ncopy_1 = {VOLUMES_OF_A_BUCKET}\n"
    (folder / "master.toml").write_text(growth)
    weed = Path(sys.executable).with_name("weed")
    options = {
        "dir": data,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": 64,
        "volume.max": VOLUMES,
        "volume.preStopSeconds": 0,
        "s3": "true",
        "s3.config": access,
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        **ports,
    }
    command = [str(weed), "server", *(f"-{name}={value}" for name, value in options.items())]
    with (folder / "weed.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", KEEPER, *command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=folder,
            # Ctrl-C is the business of whoever started the server.
            start_new_session=True,
            env={**os.environ, "GOMEMLIMIT": MEMORY, "HOME": str(folder)},
        )


def _answers(process: subprocess.Popen[bytes], server: S3Server, folder: Path) -> bool:
    if process.poll() is not None:
        raise AssertionError(f"SeaweedFS ended:\n{(folder / 'weed.log').read_text()}")
    try:
        reply = urllib3.request("GET", f"{server.endpoint}/status", retries=False, timeout=2)
    except urllib3.exceptions.HTTPError:
        return False
    return reply.status == 200 and _stores(server)


def _stores(server: S3Server) -> bool:
    """Whether the volumes are there too, without which a write fails."""
    try:
        bucket = server.make_bucket()
        server.client.put_object(Bucket=bucket, Key="probe", Body=b"x")
    except Exception:  # noqa: BLE001 - whatever is wrong, it is not ready yet
        return False
    return True
