from __future__ import annotations

import re

import pytest

from imageferry.settings import QUOTAS, SettingError, Settings, load


def test_a_quota_of_one_account_goes_before_that_of_all() -> None:
    given = "5:max_images=7, 6:max_exports=0"

    settings = load({"IMAGEFERRY_ACCOUNT_QUOTAS": given, "IMAGEFERRY_MAX_IMAGES": "3"})

    assert settings.quota("max_images", "5") == 7
    assert settings.quota("max_images", "6") == 3
    assert settings.quota("max_exports", "6") == 0
    assert settings.quota("max_exports", "5") == Settings().max_exports


@pytest.mark.parametrize("quota", QUOTAS)
def test_each_quota_is_a_setting(quota: str) -> None:
    assert Settings().quota(quota, "5") == getattr(Settings(), quota)


@pytest.mark.parametrize(
    "given",
    [
        *("5:max_images", "max_images=3", ":max_images=3", "5:slots=3", "5:max_images=-1", ","),
        *("5:task_share=0", "5:task_share=101", "team-b:max_images=3"),
    ],
)
def test_a_quota_that_cannot_be_read_is_refused(given: str) -> None:
    with pytest.raises(SettingError, match="IMAGEFERRY_ACCOUNT_QUOTAS"):
        load({"IMAGEFERRY_ACCOUNT_QUOTAS": given})


def test_a_process_that_is_started_reads_what_its_parent_did() -> None:
    assert load(Settings().environment()).account_quotas == ()


def test_another_process_reads_the_same_quotas() -> None:
    settings = Settings(account_quotas=("5:max_images=7", "6:max_exports=1"))

    assert load(settings.environment()).account_quotas == settings.account_quotas


@pytest.mark.parametrize("given", ["", "0", "65", "four", "1.5"])
def test_a_number_that_cannot_be_used_is_refused_with_its_range(given: str) -> None:
    expected = f"IMAGEFERRY_WORKER_SLOTS={given!r}: expected a whole number from 1 to 64."

    with pytest.raises(SettingError, match=re.escape(expected)):
        load({"IMAGEFERRY_WORKER_SLOTS": given})


@pytest.mark.parametrize(
    ("variable", "ending"),
    [("WORKER_SLOT", "Did you mean IMAGEFERRY_WORKER_SLOTS?"), ("XYZ", "correct or unset it.")],
)
def test_a_variable_that_is_no_setting_is_refused(variable: str, ending: str) -> None:
    with pytest.raises(SettingError) as refused:
        load({f"IMAGEFERRY_{variable}": "1"})

    assert str(refused.value).startswith(f"IMAGEFERRY_{variable} is no setting")
    assert str(refused.value).endswith(ending)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("", ""),
        ("ferry.example:8081", "http://ferry.example:8081"),
        ("https://ferry.example/", "https://ferry.example"),
        ("[::1]:8081", "http://[::1]:8081"),
    ],
)
def test_an_endpoint_is_read_with_and_without_its_scheme(given: str, read: str) -> None:
    settings = load({"IMAGEFERRY_ECS_ENDPOINT": given, "IMAGEFERRY_OSS_ENDPOINT": given})

    assert (settings.ecs_endpoint, settings.oss_endpoint) == (read, read)
    assert load(settings.environment()) == settings


@pytest.mark.parametrize(
    "given", ["ftp://x", "http://", "http://x:99999", "http://x:0", "http://x:a", "http://[::1"]
)
def test_an_endpoint_that_is_none_is_refused(given: str) -> None:
    expected = f"--ecs-endpoint={given!r}: expected http://host:port."

    with pytest.raises(SettingError, match=re.escape(expected)):
        load({}, {"ecs_endpoint": given})


def test_a_data_folder_without_a_name_is_refused() -> None:
    with pytest.raises(SettingError, match="IMAGEFERRY_DATA_DIR='': expected the path"):
        load({"IMAGEFERRY_DATA_DIR": ""})
