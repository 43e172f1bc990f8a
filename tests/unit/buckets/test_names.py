import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imageferry.buckets import names
from imageferry.buckets.interface import InvalidBucketNameError, InvalidObjectNameError

KEYS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1
).filter(lambda key: key[0] not in "/\\" and len(key.encode()) <= names.MAX_KEY_BYTES)


@given(KEYS)
@example(".")
@example("..")
@example("../../etc/passwd")
@example("a//b")
@example("%2F")
@example("%" * 1023)
@example("." * 1023)
@example("é" * 511)
@example("a" * 240)
@example("a" * 240 + "." * 500)
def test_a_key_comes_back_from_its_file_names(key: str) -> None:
    found = names.file_names(key)
    assert names.key_of(found) == key
    assert all(len(os.fsencode(name)) <= 255 for name in found)
    assert not any(name.startswith(".") or "/" in name for name in found)
    assert all(names.is_folder_name(name) for name in found[:-1])
    assert not names.is_folder_name(found[-1])


@given(KEYS, KEYS)
@example("a" * 240, "a" * 241)
@example("a", "a/b")
def test_no_file_stands_where_another_key_needs_a_folder(one: str, other: str) -> None:
    file, other_file = names.file_names(one), names.file_names(other)
    assert (file == other_file) == (one == other)
    assert other_file[: len(file)] != file or one == other


@pytest.mark.parametrize(
    "key", ["disk.qcow2", "my disk (1).vhd", "образ.raw", "镜像.vmdk", "💾.img"]
)
def test_ordinary_names_are_kept(key: str) -> None:
    assert names.file_names(key) == (key,)


@pytest.mark.parametrize(
    "names_found",
    [(".hidden",), ("a%2fb",), ("%41",), ("100%",), ("%FF",), ("a%", "b"), ("%2Fa",), ("a\u200b",)],
)
def test_names_that_no_key_makes_mean_nothing(names_found: tuple[str, ...]) -> None:
    assert names.key_of(names_found) is None


def test_names_that_are_not_utf8_mean_nothing() -> None:
    assert names.key_of((os.fsdecode(b"caf\xe9"),)) is None


@pytest.mark.parametrize("key", ["", "/a", "\\a", "a\0b", "a" * 1024, "é" * 512, "\ud800"])
def test_keys_that_break_the_rules_are_refused(key: str) -> None:
    with pytest.raises(InvalidObjectNameError):
        names.file_names(key)


@pytest.mark.parametrize("name", ["abc", "a-b", "0" * 63])
def test_bucket_names(name: str) -> None:
    names.check_bucket_name(name)
    assert names.is_bucket_name(name)


@pytest.mark.parametrize(
    "name", ["", "ab", "A-b", "-ab", "ab-", "a_b", "a.b", "..", "0" * 64, "abc\n"]
)
def test_bucket_names_that_break_the_rules_are_refused(name: str) -> None:
    with pytest.raises(InvalidBucketNameError):
        names.check_bucket_name(name)


def test_a_longest_key_is_stored_by_the_file_system(tmp_path: Path) -> None:
    path = tmp_path.joinpath(*names.file_names("/".join("é" * 511)[:511].replace("/", "%")))
    path.parent.mkdir(parents=True)
    path.touch()
    assert path.is_file()
