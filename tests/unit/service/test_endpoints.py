from __future__ import annotations

from pathlib import Path

import pytest

from imageferry.service.endpoints import oss_endpoint
from imageferry.service.installation import write_addresses
from imageferry.settings import Settings, load


@pytest.mark.parametrize(
    ("host", "endpoint"),
    [
        ("127.0.0.1:8080", "127.0.0.1:8081"),
        ("ferry.example", "ferry.example:8081"),
        ("[::1]:8080", "[::1]:8081"),
        ("[::1]", "[::1]:8081"),
    ],
)
def test_oss_is_beside_ecs(host: str, endpoint: str) -> None:
    assert oss_endpoint(Settings(), host) == endpoint


def test_a_setting_tells_where_else_it_is() -> None:
    for given in ("https://oss.example:444", "oss.example:444"):
        settings = load({"IMAGEFERRY_OSS_ENDPOINT": given})

        assert oss_endpoint(settings, "127.0.0.1:8080") == "oss.example:444"


def test_a_free_port_is_the_one_that_was_taken(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, oss_port=0)
    write_addresses(settings, "http://127.0.0.1:40001", "http://127.0.0.1:40002")

    assert oss_endpoint(settings, "localhost:40001") == "localhost:40002"
