from collections.abc import Iterator

import pytest

from imageferry.buckets.folder_bucket import FolderBucket
from integration.oss.service import Service, running_service
from integration.oss.wire import BUCKET


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("oss")) as found:
        yield found


@pytest.fixture
def bucket(service: Service) -> Iterator[FolderBucket]:
    """An empty bucket of a test's own."""
    found = service.store.create_bucket(BUCKET, region="cn-hangzhou", owner="100")
    yield found
    for item in list(found.list()):
        found.delete(item.key)
    for upload in found.uploads():
        upload.abort()
    service.store.delete_bucket(BUCKET)
