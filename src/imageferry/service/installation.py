"""What every process of an installation has: the data folder, the database, the stores, the key."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from imageferry.accounts import access_keys
from imageferry.accounts.access_keys import AccessKey
from imageferry.buckets.interface import Bucket, Store, StoreError
from imageferry.buckets.open import IMAGES_URL, open_buckets, open_images
from imageferry.buckets.remote_client import PATIENT, Patience
from imageferry.database import schema
from imageferry.database.connection import Database
from imageferry.database.installation import installation_id
from imageferry.engine import queue
from imageferry.images.catalogue import OWNER, open_catalogue
from imageferry.settings import SettingError, Settings

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


@dataclass(frozen=True)
class Installation:
    """The parts that every process of an installation shares.

    Attributes:
        settings: How it is set up.
        database: The tasks, images and accounts.
        store: The buckets.
        image_store: What keeps the catalogue.
        catalogue: The bucket that holds the disks of all images.
    """

    settings: Settings
    database: Database
    store: Store
    image_store: Store
    catalogue: Bucket

    @property
    def scratch(self) -> Path:
        """The folder that has a folder for every worker."""
        return self.settings.data_dir / "scratch"

    def close(self) -> None:
        """Close the database's connections."""
        self.database.close()


def open_installation(settings: Settings, patience: Patience = PATIENT) -> Installation:
    """Open the data folder, made where it is not there, and bring the database up to date.

    Args:
        settings: How it is set up.
        patience: How long the small calls on remote stores may take.

    Raises:
        SettingError: a URL of a store cannot be used, the store of the images refuses us, or it
            has those of another installation.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    database = Database(settings.resolved_database_url)
    schema.upgrade(database)
    queue.prepare(database)
    image_store = open_images(settings, patience)
    return Installation(
        settings=settings,
        database=database,
        store=open_buckets(settings, patience),
        image_store=image_store,
        catalogue=_open_catalogue(image_store, settings, installation_id(database)),
    )


def _open_catalogue(image_store: Store, settings: Settings, owner: str) -> Bucket:
    """The catalogue, which is this installation's alone: a start removes the disks of others."""
    catalogue = _made_catalogue(image_store, settings, owner)
    if catalogue.info.owner not in {owner, OWNER}:
        raise SettingError(
            f"{_images_place(settings)} has the images of another installation: its id is "
            f"{catalogue.info.owner}, that of this one's database is {owner}. Choose another place "
            "for the images of this one. If it is the same one, and its database was lost, put "
            "that back from a backup; without any, empty the place, and import its disks again."
        )
    return catalogue


def _images_place(settings: Settings) -> str:
    if settings.images_url:
        return f"{IMAGES_URL}={settings.images_url!r}"
    return f"IMAGEFERRY_DATA_DIR={str(settings.data_dir)!r}: the folder 'images' in it"


def _made_catalogue(image_store: Store, settings: Settings, owner: str) -> Bucket:
    try:
        return open_catalogue(image_store, settings.default_region, owner)
    except StoreError as error:
        if not settings.images_url:
            raise
        scheme = settings.images_url.partition("://")[0]
        key = {"s3": "S3", "oss": "ALIBABA_OSS"}[scheme]
        raise SettingError(
            f"{IMAGES_URL}={settings.images_url!r}: {error}. Check that this store runs and has "
            f"the bucket, and that IMAGEFERRY_{key}_ACCESS_KEY_ID and its secret are right."
        ) from error


def first_key(installation: Installation) -> tuple[AccessKey, bool]:
    """The first account's key, and whether it has just been generated.

    Keys given in the settings are taken over, also when they changed.

    Raises:
        SettingError: only one half of a key is given.
    """
    settings = installation.settings
    if bool(settings.access_key_id) != bool(settings.access_key_secret):
        raise SettingError(
            "IMAGEFERRY_ACCESS_KEY_ID and IMAGEFERRY_ACCESS_KEY_SECRET belong together: "
            "set both, or neither"
        )
    key, generated = _ensure_key(installation)
    _write_privately(
        credentials_file(settings),
        {"AccessKeyId": key.access_key_id, "AccessKeySecret": key.secret},
    )
    return key, generated


def replace_credentials(installation: Installation, spent: str) -> None:
    """Give the commands of this machine another key where theirs cannot be used any more.

    Args:
        installation: Whose data folder has the commands' key.
        spent: The key that cannot be used any more.
    """
    path = credentials_file(installation.settings)
    if path.exists() and json.loads(path.read_text())["AccessKeyId"] == spent:
        settings = replace(installation.settings, access_key_id="", access_key_secret="")
        first_key(replace(installation, settings=settings))


def credentials_file(settings: Settings) -> Path:
    """The file that has the first account's key, readable by its owner only."""
    return settings.data_dir / "credentials.json"


def addresses_file(settings: Settings) -> Path:
    """The file that tells where the running service listens."""
    return settings.data_dir / "addresses.json"


def write_addresses(settings: Settings, ecs: str, oss: str) -> None:
    """Tell where the service listens, for commands on the same machine."""
    _write_privately(addresses_file(settings), {"ECS": ecs, "OSS": oss})


def free_space(settings: Settings) -> int:
    """Bytes that are free in the data folder."""
    return shutil.disk_usage(settings.data_dir).free


def _ensure_key(installation: Installation) -> tuple[AccessKey, bool]:
    given = installation.settings.access_key_id
    with installation.database.write_alone(access_keys.LOCK) as connection:
        account = access_keys.first_or_new_account(connection)
        known = [key for key in access_keys.of_account(connection, account) if key.active]
        if given:
            secret = installation.settings.access_key_secret
            return access_keys.create_key(connection, account, given, secret), False
        if known:
            return known[0], False
        return access_keys.create_key(connection, account), True


def _write_privately(path: Path, content: dict[str, str]) -> None:
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    if os.geteuid() == 0:
        # A command that root runs is not to take the file away from the service's user.
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=2)
    temporary.rename(path)
