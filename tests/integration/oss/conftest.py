from collections.abc import Iterator

import pytest

from integration.oss.service import Service, running_service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("oss")) as found:
        yield found
