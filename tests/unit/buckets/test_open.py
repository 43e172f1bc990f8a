from pathlib import Path

import pytest

from imageferry.buckets.folder import FolderStore
from imageferry.buckets.mapped import MappedStore
from imageferry.buckets.open import open_buckets, open_images
from imageferry.buckets.remote_store import RemoteStore
from imageferry.settings import SettingError, Settings, load

SECRET = "do-not-show"
KEYS = {
    "s3_access_key_id": "id",
    "s3_access_key_secret": SECRET,
    "alibaba_oss_access_key_id": "id",
    "alibaba_oss_access_key_secret": SECRET,
}


def settings(tmp_path: Path, **values: str) -> Settings:
    flags = {"data_dir": str(tmp_path), **values}
    return load({}, flags)


def test_empty_urls_are_folders_of_the_data_folder(tmp_path: Path) -> None:
    assert isinstance(open_buckets(settings(tmp_path)), FolderStore)
    assert isinstance(open_images(settings(tmp_path)), FolderStore)
    assert {path.name for path in tmp_path.iterdir()} == {"buckets", "images"}


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket?region=us-east-1",
        "s3://bucket/a/prefix/?region=us-east-1&endpoint=http://127.0.0.1:1&path_style=true",
        "oss://bucket/prefix?region=cn-hangzhou",
        "oss://bucket?region=cn-hangzhou&endpoint=https://oss.example:8443&path_style=false",
    ],
)
def test_urls_of_remote_stores(tmp_path: Path, url: str) -> None:
    assert isinstance(open_buckets(settings(tmp_path, buckets_url=url, **KEYS)), RemoteStore)
    assert isinstance(open_images(settings(tmp_path, images_url=url, **KEYS)), RemoteStore)
    assert list(tmp_path.iterdir()) == []


def test_some_buckets_may_be_elsewhere(tmp_path: Path) -> None:
    backends = "golden=s3://bucket?region=r,mine-*="
    store = open_buckets(settings(tmp_path, bucket_backends=backends, **KEYS))
    assert isinstance(store, MappedStore)
    store.create_bucket("mine-1", region="r", owner="1")
    assert (tmp_path / "buckets" / "mine-1").is_dir()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://bucket?region=r", "expected s3://BUCKET"),
        ("bucket", "expected s3://BUCKET"),
        ("s3://?region=r", "expected s3://BUCKET"),
        ("s3://[?region=r", "Invalid IPv6 URL"),
        ("s3://bucket", "region"),
        ("s3://bucket?region=r&secure=true", "options"),
        ("s3://bucket?region=r&path_style=yes", "path_style"),
        ("s3://bucket?region=r&endpoint=127.0.0.1:1", "endpoint"),
        ("s3://bucket?region=r&endpoint=file:///etc", "endpoint"),
        ("s3://bucket?region=r&endpoint=http://127.0.0.1:99999", "endpoint"),
    ],
)
def test_urls_that_cannot_be_used(tmp_path: Path, url: str, reason: str) -> None:
    for given, variable in (
        ({"buckets_url": url}, "IMAGEFERRY_BUCKETS_URL"),
        ({"images_url": url}, "IMAGEFERRY_IMAGES_URL"),
        ({"bucket_backends": f"golden={url}"}, "IMAGEFERRY_BUCKET_BACKENDS"),
    ):
        with pytest.raises(SettingError, match=reason) as caught:
            _open_all(settings(tmp_path, **given, **KEYS))
        assert str(caught.value).startswith(f"{variable}: the URL {url!r} cannot be used: ")


@pytest.mark.parametrize(
    "url",
    [f"s3://id:{SECRET}@bucket?region=r", f"s3://b?region=r&endpoint=http://id:{SECRET}@store"],
)
def test_a_url_with_a_key_in_it_is_refused_and_not_shown(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingError, match="settings for access keys") as caught:
        open_buckets(settings(tmp_path, buckets_url=url, **KEYS))
    assert str(caught.value).startswith("IMAGEFERRY_BUCKETS_URL: ")
    assert SECRET not in str(caught.value)


def _open_all(given: Settings) -> None:
    open_buckets(given)
    open_images(given)


@pytest.mark.parametrize("scheme", ["s3", "oss"])
@pytest.mark.parametrize("missing", ["_access_key_id", "_access_key_secret"])
def test_a_remote_store_needs_both_halves_of_its_key(
    tmp_path: Path, scheme: str, missing: str
) -> None:
    keys = {name: value for name, value in KEYS.items() if not name.endswith(missing)}
    url = f"{scheme}://bucket?region=r"
    with pytest.raises(SettingError, match="ACCESS_KEY_ID and IMAGEFERRY_") as caught:
        open_buckets(settings(tmp_path, buckets_url=url, **keys))
    assert str(caught.value).startswith(f"IMAGEFERRY_BUCKETS_URL: the URL {url!r} ")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("text", ["golden", "=s3://bucket", "golden s3://bucket?region=r,x"])
def test_backends_that_name_nothing(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingError, match="NAME=URL"):
        settings(tmp_path, bucket_backends=text)
