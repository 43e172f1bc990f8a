from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from imageferry.accounts import bearer_tokens
from imageferry.service import local
from imageferry.service.installation import first_key, open_installation
from imageferry.settings import SettingError, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def test_an_installation_that_is_not_there_is_not_made(settings: Settings) -> None:
    assert not local.exists(settings)
    for use in (local.list_keys, local.create_key, local.open_existing):
        with pytest.raises(SettingError, match="There is no installation"):
            use(settings)

    assert not settings.data_dir.exists()


def test_a_database_server_counts_as_one(settings: Settings) -> None:
    server = Settings(data_dir=settings.data_dir, database_url="postgresql://db.example/ferry")

    assert local.exists(server)


def test_keys_are_listed_and_made(settings: Settings) -> None:
    installation = open_installation(settings)
    first, _ = first_key(installation)
    installation.database.close()

    second = local.create_key(settings)

    assert second.account_id == first.account_id
    listed = [(key.access_key_id, key.secret) for key in local.list_keys(settings)]
    assert listed == [
        (first.access_key_id, first.secret),
        (second.access_key_id, second.secret),
    ]


def test_an_installation_without_an_account_gets_one_with_its_first_key(
    settings: Settings,
) -> None:
    open_installation(settings).database.close()

    assert local.list_keys(settings) == []
    key = local.create_key(settings)
    assert [found.access_key_id for found in local.list_keys(settings)] == [key.access_key_id]


def test_a_bearer_token_is_the_first_account_s(settings: Settings) -> None:
    installation = open_installation(settings)
    first, _ = first_key(installation)

    token = local.issue_bearer_token(settings, timedelta(hours=24))

    with installation.database.read() as connection:
        found = bearer_tokens.find(connection, token)
    installation.database.close()
    assert found is not None
    assert (found.account_id, found.expires - found.created) == (
        first.account_id,
        timedelta(hours=24),
    )


def test_a_link_to_the_console_needs_a_key(settings: Settings) -> None:
    open_installation(settings).database.close()
    with pytest.raises(SettingError, match="There is no active key"):
        local.console_link(settings)

    local.create_key(settings)

    first, second = (local.console_link(settings) for _ in range(2))
    assert first.startswith("/console/link?token=")
    assert first != second
