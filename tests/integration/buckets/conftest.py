"""One contract, three stores: a folder, S3 on SeaweedFS, and OSS on our own OSS endpoint."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imageferry.buckets.alibaba_oss import AlibabaOssClient
from imageferry.buckets.folder import FolderStore
from imageferry.buckets.interface import Bucket, Store
from imageferry.buckets.remote_client import Credentials, RemoteClient
from imageferry.buckets.remote_store import RemoteStore
from imageferry.buckets.s3 import S3Client
from integration.oss.service import KEYS, Service, running_service
from support.seaweedfs import S3Server


@pytest.fixture(scope="session")
def s3_client(seaweedfs: S3Server) -> S3Client:
    return seaweedfs.remote_client()


@pytest.fixture(scope="session")
def oss_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Our own OSS endpoint, with a bucket ``remote``."""
    with running_service(tmp_path_factory.mktemp("oss")) as service:
        service.store.create_bucket("remote", region="cn-hangzhou", owner="100")
        yield service


@pytest.fixture(scope="session")
def oss_client(oss_service: Service) -> AlibabaOssClient:
    return AlibabaOssClient(
        "remote",
        Credentials("mine", KEYS["mine"].secret),
        region="cn-hangzhou",
        endpoint=oss_service.endpoint,
        path_style=True,
    )


@pytest.fixture(params=["s3", "oss"])
def remote(request: pytest.FixtureRequest) -> RemoteClient:
    client: RemoteClient = request.getfixturevalue(f"{request.param}_client")
    return client


@pytest.fixture(params=["folder", "s3", "oss"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Makes a store; each call gives another object for the same content."""
    if request.param == "folder":
        return lambda: FolderStore(tmp_path / "buckets")
    client = request.getfixturevalue(f"{request.param}_client")
    prefix = f"{secrets.token_hex(8)}/"
    return lambda: RemoteStore(client, prefix)


@pytest.fixture
def store(make_store: Callable[[], Store]) -> Store:
    return make_store()


@pytest.fixture
def bucket(store: Store) -> Bucket:
    return store.create_bucket("images", region="cn-hangzhou", owner="1")
