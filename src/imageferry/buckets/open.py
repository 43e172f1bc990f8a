"""Stores from the URLs in the settings.

``s3://BUCKET/PREFIX?region=…&endpoint=…&path_style=true`` is a store below a
prefix of a bucket of S3, ``oss://…`` one of Alibaba Cloud OSS, and an empty URL
is a folder. Keys have settings of their own: a URL is shown in errors, unless
somebody has put a key into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from imageferry.buckets.folder import FolderStore
from imageferry.buckets.interface import Store
from imageferry.buckets.mapped import MappedStore
from imageferry.buckets.remote_client import PATIENT, Credentials, Patience, RemoteClient
from imageferry.buckets.remote_store import RemoteStore
from imageferry.settings import ENVIRONMENT_PREFIX, SettingError, Settings

BUCKETS_URL = ENVIRONMENT_PREFIX + "BUCKETS_URL"
BUCKET_BACKENDS = ENVIRONMENT_PREFIX + "BUCKET_BACKENDS"
IMAGES_URL = ENVIRONMENT_PREFIX + "IMAGES_URL"
_OPTIONS = frozenset({"region", "endpoint", "path_style"})
_YES_OR_NO = {"true": True, "false": False}


@dataclass(frozen=True)
class _Location:
    """A URL of a remote store, taken apart. ``prefix`` is empty or ends in ``/``."""

    scheme: str
    bucket: str
    prefix: str
    region: str
    endpoint: str
    path_style: bool


def open_buckets(settings: Settings, patience: Patience = PATIENT) -> Store:
    """The store of the users' buckets.

    Args:
        settings: Where it is.
        patience: How long the small calls on a remote store may take.

    Raises:
        SettingError: a URL cannot be used, or its keys are missing.
    """
    default = _open_buckets(BUCKETS_URL, settings.buckets_url, settings, patience)
    mapped = []
    for entry in settings.bucket_backends:
        pattern, _, url = entry.partition("=")
        mapped.append((pattern, _open_buckets(BUCKET_BACKENDS, url, settings, patience)))
    return MappedStore(mapped, default) if mapped else default


def open_images(settings: Settings, patience: Patience = PATIENT) -> Store:
    """The store of the catalogue.

    Args:
        settings: Where it is.
        patience: How long the small calls on a remote store may take.

    Raises:
        SettingError: the URL cannot be used, or its keys are missing.
    """
    if not settings.images_url:
        return FolderStore(settings.data_dir / "images")
    return _remote_store(IMAGES_URL, settings.images_url, settings, patience)


def _open_buckets(variable: str, url: str, settings: Settings, patience: Patience) -> Store:
    """The store of buckets at a URL, or in a folder where the URL is empty."""
    if url:
        return _remote_store(variable, url, settings, patience)
    durable = settings.oss_durability == "power"
    return FolderStore(settings.data_dir / "buckets", durable=durable)


def _remote_store(variable: str, url: str, settings: Settings, patience: Patience) -> RemoteStore:
    try:
        location = _location(url)
        return RemoteStore(_client(location, settings, patience), location.prefix)
    except ValueError as error:
        shown = "(not shown)" if "@" in url else repr(url)
        raise SettingError(f"{variable}: the URL {shown} cannot be used: {error}.") from None


def _client(location: _Location, settings: Settings, patience: Patience) -> RemoteClient:
    if location.scheme == "s3":
        # Slow to import, and needed where there is such a store only.
        from imageferry.buckets.s3 import S3Client  # noqa: PLC0415

        return S3Client(
            location.bucket,
            _credentials("S3", settings.s3_access_key_id, settings.s3_access_key_secret),
            region=location.region,
            endpoint=location.endpoint,
            path_style=location.path_style,
            patience=patience,
        )
    from imageferry.buckets.alibaba_oss import AlibabaOssClient  # noqa: PLC0415

    return AlibabaOssClient(
        location.bucket,
        _credentials(
            "ALIBABA_OSS",
            settings.alibaba_oss_access_key_id,
            settings.alibaba_oss_access_key_secret,
        ),
        region=location.region,
        endpoint=location.endpoint,
        path_style=location.path_style,
        patience=patience,
    )


def _credentials(name: str, key_id: str, secret: str) -> Credentials:
    if not key_id or not secret:
        variable = f"{ENVIRONMENT_PREFIX}{name}_ACCESS_KEY"
        raise ValueError(f"it needs an access key; set {variable}_ID and {variable}_SECRET")
    return Credentials(key_id, secret)


def _location(url: str) -> _Location:
    """Take a URL apart.

    Raises:
        ValueError: it is none of a store. The text says what is expected.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "@" in url:
        raise ValueError("it holds a key, which belongs into the settings for access keys")
    if parts.scheme not in {"s3", "oss"} or not parts.netloc:
        raise ValueError("expected s3://BUCKET/PREFIX?region=REGION, or oss:// likewise")
    if set(options) - _OPTIONS:
        raise ValueError(f"its options can be {', '.join(sorted(_OPTIONS))}")
    if not options.get("region"):
        raise ValueError("add ?region=REGION, the region that requests are signed for")
    path_style = _YES_OR_NO.get(options.get("path_style", "false"))
    if path_style is None:
        raise ValueError("path_style is true or false")
    prefix = parts.path.strip("/")
    return _Location(
        scheme=parts.scheme,
        bucket=parts.netloc,
        prefix=f"{prefix}/" if prefix else "",
        region=options["region"],
        endpoint=_endpoint(options.get("endpoint", "")),
        path_style=path_style,
    )


def _endpoint(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    try:
        # Asking for a port that is none raises ValueError too.
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if endpoint and not usable:
        raise ValueError("the endpoint is no URL as https://HOST:PORT")
    return endpoint
