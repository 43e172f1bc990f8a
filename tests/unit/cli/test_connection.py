from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from imageferry.cli import connection
from imageferry.cli.errors import ExitCode, MissingKeyError
from imageferry.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


def announce(settings: Settings) -> None:
    addresses = {"ECS": "http://127.0.0.1:1234", "OSS": "http://127.0.0.1:1235"}
    (settings.data_dir / "addresses.json").write_text(json.dumps(addresses))


def test_without_anything_the_default_ports_are_meant(settings: Settings) -> None:
    assert connection.endpoints(settings) == ("http://127.0.0.1:8080", "http://127.0.0.1:8081")


def test_a_running_service_is_found_by_its_data_folder(settings: Settings) -> None:
    announce(settings)

    assert connection.endpoints(settings) == ("http://127.0.0.1:1234", "http://127.0.0.1:1235")


def test_a_given_endpoint_wins_and_its_host_has_the_other_one_too(settings: Settings) -> None:
    announce(settings)
    given = replace(settings, ecs_endpoint="https://ferry.example:9000", oss_port=9001)

    assert connection.endpoints(given) == (
        "https://ferry.example:9000",
        "https://ferry.example:9001",
    )


def test_each_endpoint_can_be_given(settings: Settings) -> None:
    given = replace(
        settings, ecs_endpoint="http://ferry.example", oss_endpoint="https://oss.example"
    )

    assert connection.endpoints(given) == ("http://ferry.example", "https://oss.example")


@pytest.mark.parametrize(
    ("host", "ecs"),
    [
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:8080"),
        ("::1", "http://[::1]:8080"),
        ("10.0.0.5", "http://10.0.0.5:8080"),
    ],
)
def test_an_address_to_listen_on_becomes_one_to_call(
    settings: Settings, host: str, ecs: str
) -> None:
    assert connection.endpoints(replace(settings, host=host))[0] == ecs


def test_the_key_comes_from_the_settings_first(settings: Settings) -> None:
    stored = {"AccessKeyId": "stored", "AccessKeySecret": "secret"}
    (settings.data_dir / "credentials.json").write_text(json.dumps(stored))

    assert connection.find(settings).access_key_id == "stored"
    given = replace(settings, access_key_id="given", access_key_secret="x")
    assert connection.find(given).access_key_id == "given"


def test_half_a_key_is_refused(settings: Settings) -> None:
    with pytest.raises(MissingKeyError, match="give both"):
        connection.find(replace(settings, access_key_id="given"))


def test_without_a_key_it_is_said_where_it_was_looked_for(settings: Settings) -> None:
    with pytest.raises(MissingKeyError) as missing:
        connection.find(settings)

    assert str(settings.data_dir / "credentials.json") in missing.value.message
    assert missing.value.exit_code == ExitCode.USAGE


def test_a_damaged_file_is_named(settings: Settings) -> None:
    (settings.data_dir / "credentials.json").write_text("{")

    with pytest.raises(MissingKeyError, match=r"credentials\.json cannot be read"):
        connection.find(settings)
