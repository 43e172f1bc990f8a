"""Every setting, declared once.

A setting is a field of :class:`Settings`. Its environment variable is
``IMAGEFERRY_`` and the field's name in capitals; its command-line flag is the
field's name with dashes. A flag wins over the environment.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ENVIRONMENT_PREFIX = "IMAGEFERRY_"


QUOTAS = (
    "max_images",
    "max_image_bytes",
    "max_exports",
    "max_running_tasks",
    "max_waiting_tasks",
    "task_share",
)
"""The settings that say what each account may have, and may say otherwise for one of them."""

_LARGEST = 2**63 - 1


class SettingError(ValueError):
    """A setting has a value that cannot be used. The text names the setting and the remedy."""


@dataclass(frozen=True)
class Setting:
    """What is known of one setting besides its value."""

    name: str
    help: str
    default: Any
    parse: Callable[[str], Any]
    secret: bool

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return ENVIRONMENT_PREFIX + self.name.upper()

    @property
    def flag(self) -> str:
        """The command-line flag that sets it."""
        return "--" + self.name.replace("_", "-")


def _text(value: str) -> str:
    return value


def _folder(value: str) -> Path:
    if not value:
        raise ValueError("expected the path of a folder")
    return Path(value)


def _endpoint(value: str) -> str:
    """An address without anything behind its host and port; without a scheme it is http."""
    if not value:
        return ""
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("expected http://host:port")
    return f"{parts.scheme}://{parts.netloc}"


def _names(value: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    if not names:
        raise ValueError("expected at least one name, separated by commas")
    return names


def _backends(value: str) -> tuple[str, ...]:
    backends = tuple(entry.strip() for entry in value.split(",") if entry.strip())
    for entry in backends:
        name, equals, _ = entry.partition("=")
        if not name or not equals:
            raise ValueError("expected NAME=URL, separated by commas")
    return backends


def _quotas(value: str) -> tuple[str, ...]:
    quotas = _names(value) if value else ()
    for entry in quotas:
        quota, equals, number = entry.partition("=")
        account, _, name = quota.partition(":")
        if not (account.isdecimal() and equals and name in QUOTAS and number.isdecimal()):
            raise ValueError(
                "expected ACCOUNT:QUOTA=NUMBER, separated by commas; ACCOUNT is an id, as "
                f"`imageferry keys` shows it, and QUOTA one of {', '.join(QUOTAS)}"
            )
        if name == "task_share":
            _share(number)
    return quotas


def _integer(minimum: int, maximum: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            number = minimum - 1
        if not minimum <= number <= maximum:
            raise ValueError(f"expected a whole number from {minimum} to {maximum}")
        return number

    return parse


_share = _integer(1, 100)


def _optional(parse: Callable[[str], int]) -> Callable[[str], int | None]:
    return lambda value: parse(value) if value else None


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}")
        return value

    return parse


def _setting(
    default: Any, description: str, parse: Callable[[str], Any] = _text, *, secret: bool = False
) -> Any:
    return field(default=default, metadata={"help": description, "parse": parse, "secret": secret})


@dataclass(frozen=True)
class Settings:
    """How one process of imageferry is set up."""

    data_dir: Path = _setting(
        Path("imageferry-data"),
        "Folder for the database, the buckets, the images and scratch.",
        _folder,
    )
    database_url: str = _setting(
        "", "SQLAlchemy URL of the database. Empty: SQLite in the data folder."
    )
    buckets_url: str = _setting(
        "",
        "Where the buckets are: s3://BUCKET/PREFIX?region=REGION&endpoint=URL&path_style=true, or "
        "the same with oss://; endpoint and path_style may be left out. Empty: the data folder.",
    )
    bucket_backends: tuple[str, ...] = _setting(
        (),
        "Buckets that are elsewhere, as NAME=URL, separated by commas; in NAME, * stands for "
        "anything; an empty URL is the data folder.",
        _backends,
    )
    oss_durability: str = _setting(
        "process",
        "What a small object in the data folder has survived once the OSS API says that it is "
        "stored: process, the end of the service, or power, a power cut too. It is whole or not "
        "there in any case.",
        _one_of("process", "power"),
    )
    images_url: str = _setting(
        "", "Where the images are, as a URL like that of the buckets. Empty: the data folder."
    )
    s3_access_key_id: str = _setting("", "Access key id for s3:// URLs.")
    s3_access_key_secret: str = _setting("", "Access key secret for s3:// URLs.", secret=True)
    alibaba_oss_access_key_id: str = _setting("", "Access key id for oss:// URLs.")
    alibaba_oss_access_key_secret: str = _setting(
        "", "Access key secret for oss:// URLs.", secret=True
    )
    host: str = _setting("127.0.0.1", "Address that the servers listen on.")
    ecs_port: int = _setting(8080, "Port of the ECS API; 0 takes a free one.", _integer(0, 65535))
    oss_port: int = _setting(8081, "Port of the OSS API; 0 takes a free one.", _integer(0, 65535))
    ecs_endpoint: str = _setting(
        "",
        "Where the command finds the ECS API, as http://host:port. Empty: host and port.",
        _endpoint,
    )
    oss_endpoint: str = _setting(
        "",
        "Where the command finds the OSS API, as http://host:port; the service tells it to clients "
        "that ask for the address of OSS. Empty: host and port.",
        _endpoint,
    )
    regions: tuple[str, ...] = _setting(
        ("cn-hangzhou", "cn-beijing", "cn-shanghai", "ap-southeast-1", "us-west-1", "eu-central-1"),
        "Regions that the service answers for, separated by commas; the first is the default.",
        _names,
    )
    access_key_id: str = _setting("", "Access key id of the first account. Empty: generated.")
    access_key_secret: str = _setting(
        "", "Access key secret of the first account. Empty: generated.", secret=True
    )
    worker_slots: int = _setting(2, "Tasks that one worker runs at the same time.", _integer(1, 64))
    worker_processors: int = _setting(
        0,
        "Processors that one worker and its programs use; 0 for all. Which ones, is chosen at the "
        "start.",
        _integer(0, 4096),
    )
    worker_nice: int = _setting(
        0,
        "How far a worker and its programs give way to other processes of the machine: 0 not at "
        "all, 19 as far as can be.",
        _integer(0, 19),
    )
    worker_bytes_per_second: int = _setting(
        0,
        "Bytes that one worker reads from and writes to the buckets and the catalogue in a second, "
        "all its tasks together; 0 for any number.",
        _integer(0, _LARGEST),
    )
    lease_seconds: int = _setting(
        40,
        "Seconds that a task's programs may go on without the worker renewing its lease.",
        _integer(3, 600),
    )
    worker_timeout_seconds: int = _setting(
        45,
        "Seconds without a sign of life after which the tasks of a worker go on elsewhere, with "
        "PostgreSQL; it takes a fifth longer at the most. The lease has to be a tenth shorter.",
        _integer(4, 3600),
    )
    drain_seconds: int = _setting(
        20,
        "Seconds that a stopping worker lets running tasks go on; the rest is resumed at the "
        "next start.",
        _integer(0, 3600),
    )
    qemu_img: str = _setting("", "Path of qemu-img. Empty: found on the PATH, else the wheel's.")
    verify: str = _setting(
        "structure",
        "How a result is verified: its structure and size, with all that was written read again "
        "from the disk; or in full, by comparing every guest byte with the source too.",
        _one_of("structure", "full"),
    )
    metrics_port: int | None = _setting(
        None,
        "Port on which a worker shows its metrics, at the host of the servers; 0 takes a free one. "
        "Empty: none. The API shows its own at /metrics.",
        _optional(_integer(0, 65535)),
    )
    max_virtual_size_gib: int = _setting(
        2048, "Largest virtual size of one disk, in GiB.", _integer(1, 65536)
    )
    max_images: int = _setting(
        100, "Images that one account may have in one region.", _integer(1, 1_000_000)
    )
    max_exports: int = _setting(
        10, "Exports that one account may have waiting or running.", _integer(1, 10_000)
    )
    max_image_bytes: int = _setting(
        0,
        "Bytes that the images of one account may take in the catalogue; 0 for any number.",
        _integer(0, _LARGEST),
    )
    max_running_tasks: int = _setting(
        0,
        "Tasks of one account that run at the same time; 0 for as many as there are slots.",
        _integer(0, 10_000),
    )
    max_waiting_tasks: int = _setting(
        10_000, "Tasks that one account may have waiting.", _integer(1, 1_000_000)
    )
    task_share: int = _setting(
        1,
        "How many tasks of one account are taken up where an account with the share 1 has one.",
        _share,
    )
    account_quotas: tuple[str, ...] = _setting(
        (),
        "Quotas of single accounts, as ACCOUNT:QUOTA=NUMBER, separated by commas; QUOTA is "
        f"{', '.join(QUOTAS[:-1])} or {QUOTAS[-1]}.",
        _quotas,
    )
    max_running_tasks_in_all: int = _setting(
        0,
        "Tasks that run at the same time on all workers together; 0 for as many as they have "
        "slots.",
        _integer(0, 100_000),
    )
    keep_tasks_days: int = _setting(
        0,
        "Days that a task is kept once it has ended, with its events; 0 for ever. Its image stays.",
        _integer(0, 36_500),
    )
    keep_tasks: int = _setting(
        0,
        "Tasks of each account that are kept once they have ended, the latest; 0 for all. Their "
        "images stay.",
        _integer(0, 1_000_000_000),
    )
    max_attempts: int = _setting(
        100,
        "How often a task is taken up again after its worker died, before it fails.",
        _integer(1, 10_000),
    )
    log_level: str = _setting(
        "info", "Least severe log line to write.", _one_of("debug", "info", "warning", "error")
    )

    def environment(self) -> dict[str, str]:
        """The variables that make another process read the same settings."""
        return {setting.variable: _written(getattr(self, setting.name)) for setting in declared()}

    def quota(self, name: str, account_id: str) -> int:
        """What an account may have, by the name of the setting that says it for all of them."""
        for entry in self.account_quotas:
            quota, _, number = entry.partition("=")
            if quota == f"{account_id}:{name}":
                return int(number)
        common: int = getattr(self, name)
        return common

    @property
    def resolved_database_url(self) -> str:
        """The database's URL with the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'imageferry.db'}"

    @property
    def default_region(self) -> str:
        """The region meant where none is named."""
        return self.regions[0]


def declared() -> Iterator[Setting]:
    """Every setting in the order of its declaration."""
    for item in dataclasses.fields(Settings):
        yield Setting(
            item.name,
            item.metadata["help"],
            item.default,
            item.metadata["parse"],
            item.metadata["secret"],
        )


def load(environment: Mapping[str, str], flags: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment and from flags, which win.

    Raises:
        SettingError: a value cannot be used, or the environment has an unknown
            ``IMAGEFERRY_`` variable.
    """
    known = {setting.variable for setting in declared()}
    for variable in environment:
        if variable.startswith(ENVIRONMENT_PREFIX) and variable not in known:
            raise SettingError(_unknown(variable, known))
    values = {}
    for setting in declared():
        given = (flags or {}).get(setting.name)
        source = setting.flag if given is not None else setting.variable
        text = given if given is not None else environment.get(setting.variable)
        if text is not None:
            values[setting.name] = _parse(setting, source, text)
    return Settings(**values)


def _unknown(variable: str, known: Iterable[str]) -> str:
    names = [name.removeprefix(ENVIRONMENT_PREFIX) for name in known]
    close = difflib.get_close_matches(variable.removeprefix(ENVIRONMENT_PREFIX), names, 1)
    meant = f" Did you mean {ENVIRONMENT_PREFIX}{close[0]}?" if close else ""
    return f"{variable} is no setting of imageferry: correct or unset it.{meant}"


def _parse(setting: Setting, source: str, text: str) -> Any:
    try:
        return setting.parse(text)
    except ValueError as error:
        shown = "(not shown)" if setting.secret else repr(text)
        raise SettingError(f"{source}={shown}: {error}. {setting.help}") from None


def _written(value: object) -> str:
    if value is None:
        return ""
    return ",".join(value) if isinstance(value, tuple) else str(value)
