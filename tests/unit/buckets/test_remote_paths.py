import pytest

from imageferry.buckets.interface import InvalidObjectNameError
from imageferry.buckets.remote_paths import StorePaths

PATHS = StorePaths("some/prefix/").bucket("images")


@pytest.mark.parametrize("key", ["a", "a/b", "a//b", ".imageferry", "...", "a/..b", "%2e%2e", "é"])
def test_objects_keep_their_keys(key: str) -> None:
    assert PATHS.object(key) == f"some/prefix/images/{key}"


@pytest.mark.parametrize(
    "key", ["..", ".", "../x", "a/../x", "a/./x", "a/..", "", "/a", "\\a", "\0"]
)
def test_keys_that_could_lead_elsewhere_are_refused(key: str) -> None:
    with pytest.raises(InvalidObjectNameError):
        PATHS.object(key)


def test_the_prefix_counts_in_the_length_of_a_key() -> None:
    longest = 1023 - len("some/prefix/images/")
    assert PATHS.object("x" * longest)
    with pytest.raises(InvalidObjectNameError, match=str(longest)):
        PATHS.object("x" * (longest + 1))


def test_what_is_hidden_is_no_object_of_any_bucket() -> None:
    store = StorePaths("")
    for hidden in (store.bucket("images").record, store.bucket("images").staged):
        assert hidden.startswith(".imageferry/")
    assert store.bucket("images").objects == "images/"
