from collections.abc import Iterator

import pytest

from imageferry.accounts.failed_calls import FailedCall
from imageferry.buckets.folder_bucket import FolderBucket
from imageferry.oss.error_codes import every_code
from imageferry.oss.operations import OPERATION_NAMES
from integration.oss.service import Service, running_service
from integration.oss.wire import BUCKET


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("oss")) as found:
        yield found
    assert [call for call in found.refused if not is_declared(call)] == []


def is_declared(call: FailedCall) -> bool:
    """Whether the code of a refused request says that the operation answers with it."""
    (code,) = (code for code in every_code() if code.code == call.code)
    is_operation = call.action in OPERATION_NAMES.values()
    return not code.operations or not is_operation or call.action in code.operations


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
