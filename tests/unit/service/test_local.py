from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from imageferry.accounts import bearer_tokens
from imageferry.accounts.access_keys import AccessKey
from imageferry.service import local
from imageferry.service.installation import credentials_file, first_key, open_installation
from imageferry.settings import SettingError, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def _installed(settings: Settings) -> AccessKey:
    with closing(open_installation(settings)) as installation:
        return first_key(installation)[0]


def _commands_key(settings: Settings) -> str:
    key: str = json.loads(credentials_file(settings).read_text())["AccessKeyId"]
    return key


def test_an_installation_that_is_not_there_is_not_made(settings: Settings) -> None:
    assert not local.exists(settings)
    for use in (local.list_keys, local.create_key, local.console_link, local.open_existing):
        with pytest.raises(SettingError, match="There is no installation"):
            use(settings)

    assert not settings.data_dir.exists()


def test_a_database_server_counts_as_one(settings: Settings) -> None:
    server = Settings(data_dir=settings.data_dir, database_url="postgresql://db.example/ferry")

    assert local.exists(server)


def test_keys_are_listed_and_made(settings: Settings) -> None:
    first = _installed(settings)

    second = local.create_key(settings)

    assert second.account.account_id == first.account_id
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


def test_an_account_is_made_with_its_first_key_and_found_again(settings: Settings) -> None:
    first = _installed(settings)

    made = local.create_key(settings, "team-b")
    again = local.create_key(settings, made.account.account_id)

    assert made.account.name == "team-b"
    assert again.account == made.account
    assert made.account.account_id != first.account_id
    listed = [key.access_key_id for key in local.list_keys(settings, "team-b")]
    assert listed == [made.access_key_id, again.access_key_id]
    assert len(local.list_keys(settings)) == 3


@pytest.mark.parametrize("name", ["b", "2nd", "team b", "x" * 65, "5123456789012345"])
def test_an_account_cannot_be_called_anything(settings: Settings, name: str) -> None:
    _installed(settings)

    with pytest.raises(SettingError, match="use 2 to 64 letters"):
        local.create_key(settings, name)


def test_what_is_not_there_is_said_with_what_lists_it(settings: Settings) -> None:
    _installed(settings)

    for use in (
        lambda: local.list_keys(settings, "nobody"),
        lambda: local.console_link(settings, "nobody"),
        lambda: local.issue_bearer_token(settings, timedelta(hours=1), "nobody"),
        lambda: local.switch_key(settings, "nobody", active=False),
        lambda: local.delete_key(settings, "nobody"),
    ):
        with pytest.raises(SettingError, match=r"There is no .* 'nobody': `imageferry keys` lists"):
            use()


def test_a_key_is_switched_off_and_on_and_deleted(settings: Settings) -> None:
    _installed(settings)
    key = local.create_key(settings, "team-b")

    assert not local.switch_key(settings, key.access_key_id, active=False).active
    assert local.list_keys(settings, "team-b") == [replace(key, active=False)]
    with pytest.raises(SettingError, match="The account team-b has no active key"):
        local.console_link(settings, "team-b")
    assert local.switch_key(settings, key.access_key_id, active=True) == key
    assert local.delete_key(settings, key.access_key_id) == key
    assert local.list_keys(settings, "team-b") == []


@pytest.mark.parametrize("spend", [partial(local.switch_key, active=False), local.delete_key])
def test_the_commands_get_another_key_for_one_that_is_spent(
    settings: Settings, spend: Callable[[Settings, str], object]
) -> None:
    first = _installed(settings)
    others = [local.create_key(settings) for _ in range(2)]

    spend(settings, others[1].access_key_id)
    assert _commands_key(settings) == first.access_key_id
    spend(settings, first.access_key_id)
    assert _commands_key(settings) == others[0].access_key_id


def test_bearer_tokens_are_withdrawn(settings: Settings) -> None:
    _installed(settings)
    for _ in range(2):
        local.issue_bearer_token(settings, timedelta(hours=1))

    assert [local.withdraw_bearer_tokens(settings) for _ in range(2)] == [2, 0]


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
    with pytest.raises(SettingError, match="The account default has no active key"):
        local.console_link(settings)

    local.create_key(settings)

    first, second = (local.console_link(settings) for _ in range(2))
    assert first.startswith("/console/link?token=")
    assert first != second
