from __future__ import annotations

import json
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from imageferry.accounts import access_keys
from imageferry.accounts.access_keys import AccessKey
from imageferry.buckets.folder import FolderStore
from imageferry.buckets.remote_client import PROMPT
from imageferry.images.catalogue import open_catalogue
from imageferry.service import installation as module
from imageferry.service.installation import first_key, open_installation
from imageferry.settings import SettingError, Settings
from support.seaweedfs import S3Server

OPEN = """
import sys
from pathlib import Path
from imageferry.service.installation import first_key, open_installation
from imageferry.settings import Settings
sys.stdin.read(1)
print(first_key(open_installation(Settings(data_dir=Path(sys.argv[1]))))[0].access_key_id)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def _first_key(settings: Settings) -> tuple[AccessKey, bool]:
    with closing(open_installation(settings)) as installation:
        return first_key(installation)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_and_the_key_are_the_owners_alone(settings: Settings) -> None:
    key, _ = _first_key(settings)

    credentials = settings.data_dir / "credentials.json"
    assert (_mode(settings.data_dir), _mode(credentials)) == (0o700, 0o600)
    assert json.loads(credentials.read_text()) == {
        "AccessKeyId": key.access_key_id,
        "AccessKeySecret": key.secret,
    }


def test_a_key_is_generated_once(settings: Settings) -> None:
    first, first_generated = _first_key(settings)
    second, second_generated = _first_key(settings)

    assert (first, first_generated, second_generated) == (second, True, False)


def test_a_key_that_is_switched_off_is_not_the_commands_key(settings: Settings) -> None:
    first, _ = _first_key(settings)
    with closing(open_installation(settings)) as installation:
        with installation.database.write() as connection:
            access_keys.set_active(connection, first.access_key_id, False)

        second, generated = first_key(installation)

    assert (second.account_id, generated) == (first.account_id, True)
    assert second.access_key_id != first.access_key_id


def test_a_given_key_is_taken_over_and_renewed(settings: Settings, tmp_path: Path) -> None:
    generated, _ = _first_key(settings)
    for secret in ("one", "other"):
        given = Settings(data_dir=settings.data_dir, access_key_id="mine", access_key_secret=secret)
        key, was_generated = _first_key(given)
        assert (key.access_key_id, key.secret, was_generated) == ("mine", secret, False)
        assert key.account_id == generated.account_id


@pytest.mark.parametrize("half", [{"access_key_id": "mine"}, {"access_key_secret": "mine"}])
def test_half_a_key_is_refused(settings: Settings, half: dict[str, str]) -> None:
    with pytest.raises(SettingError, match="belong together"):
        _first_key(Settings(data_dir=settings.data_dir, **half))  # type: ignore[arg-type]


def test_the_addresses_are_written_whole(settings: Settings) -> None:
    settings.data_dir.mkdir()
    for port in ("1", "2"):
        module.write_addresses(settings, f"http://127.0.0.1:{port}", "http://127.0.0.1:9")

    assert json.loads(module.addresses_file(settings).read_text()) == {
        "ECS": "http://127.0.0.1:2",
        "OSS": "http://127.0.0.1:9",
    }
    assert [path.name for path in settings.data_dir.iterdir()] == ["addresses.json"]
    assert module.free_space(settings) > 0


def test_processes_that_start_together_make_one_installation(settings: Settings) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, settings.data_dir],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    printed = [process.communicate("!")[0] for process in processes]

    assert [process.returncode for process in processes] == [0] * 4
    assert len(set(printed)) == 1
    with (
        closing(open_installation(settings)) as installation,
        installation.database.read() as connection,
    ):
        counts = [
            connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in ("accounts", "access_keys", "alembic_version", "dbos_migrations")
        ]
    assert counts == [1, 1, 1, 1]


def test_a_store_of_images_that_is_away_is_told_with_its_setting(settings: Settings) -> None:
    url = "s3://golden?region=r&endpoint=http://127.0.0.1:1&path_style=true"
    remote = replace(
        settings, images_url=url, s3_access_key_id="id", s3_access_key_secret="do-not-show"
    )

    with pytest.raises(SettingError) as refused:
        open_installation(remote, PROMPT)

    assert str(refused.value).startswith(f"IMAGEFERRY_IMAGES_URL={url!r}: the remote store did not")
    assert "IMAGEFERRY_S3_ACCESS_KEY_ID" in str(refused.value)
    assert "do-not-show" not in str(refused.value)


def test_the_images_of_another_installation_are_refused_and_stay(
    settings: Settings, tmp_path: Path
) -> None:
    with closing(open_installation(settings)) as installation:
        installation.catalogue.put("m-1-system.qcow2", [b"disk"])
    other = Settings(data_dir=tmp_path / "other")
    other.data_dir.mkdir()
    (other.data_dir / "images").symlink_to(settings.data_dir / "images")

    with pytest.raises(SettingError) as refused:
        open_installation(other)

    place = f"IMAGEFERRY_DATA_DIR={str(other.data_dir)!r}: the folder 'images' in it"
    assert str(refused.value).startswith(f"{place} has the images of another installation")
    assert "Choose another place" in str(refused.value)
    with closing(open_installation(settings)) as installation:
        assert [stored.key for stored in installation.catalogue.list()] == ["m-1-system.qcow2"]


def test_two_installations_cannot_share_one_url_of_images(
    settings: Settings, tmp_path: Path, seaweedfs: S3Server
) -> None:
    url = (
        f"s3://{seaweedfs.make_bucket()}/images"
        f"?region=us-east-1&endpoint={seaweedfs.endpoint}&path_style=true"
    )
    first, second = (
        replace(
            one,
            images_url=url,
            s3_access_key_id=seaweedfs.access_key_id,
            s3_access_key_secret=seaweedfs.access_key_secret,
        )
        for one in (settings, Settings(data_dir=tmp_path / "other"))
    )
    open_installation(first).close()

    with pytest.raises(SettingError) as refused:
        open_installation(second)

    assert str(refused.value).startswith(f"IMAGEFERRY_IMAGES_URL={url!r} has the images of another")
    open_installation(first).close()


def test_a_database_that_is_put_back_goes_on_with_the_images_and_a_new_one_does_not(
    settings: Settings, tmp_path: Path
) -> None:
    database, backup = settings.data_dir / "imageferry.db", tmp_path / "backup.db"
    open_installation(settings).close()
    with closing(sqlite3.connect(database)) as whole, closing(sqlite3.connect(backup)) as copy:
        whole.backup(copy)
    for path in settings.data_dir.glob("imageferry.db*"):
        path.unlink()

    with pytest.raises(SettingError, match="put that back from a backup"):
        open_installation(settings)
    for path in settings.data_dir.glob("imageferry.db*"):
        path.unlink()
    shutil.copyfile(backup, database)

    open_installation(settings).close()


def test_images_of_before_installations_had_ids_are_this_one_s(settings: Settings) -> None:
    open_catalogue(FolderStore(settings.data_dir / "images"), settings.default_region)

    open_installation(settings).close()
