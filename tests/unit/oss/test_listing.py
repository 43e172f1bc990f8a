from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from imageferry.buckets.interface import ObjectInfo
from imageferry.oss.listing import common_prefix, page

NAMES = st.text("ab/", min_size=1, max_size=5)


def listed(keys: set[str], prefix: str, delimiter: str, limit: int) -> tuple[list[str], int]:
    """Every entry over all pages, and how many pages there were."""
    entries: list[str] = []
    marker, pages = "", 0
    while True:
        after = [key for key in sorted(keys) if key.startswith(prefix) and key > marker]
        objects = (ObjectInfo(key, 0, "", datetime.now(UTC)) for key in after)
        found = page(objects, prefix=prefix, delimiter=delimiter, marker=marker, limit=limit)
        assert found.count <= limit
        entries += sorted([item.key for item in found.objects] + found.prefixes)
        pages += 1
        marker = found.next_marker
        if not marker:
            return entries, pages


@given(
    st.sets(NAMES), st.text("ab/", max_size=2), st.sampled_from(["", "/", "b/"]), st.integers(1, 4)
)
@example({"a/1", "a/2", "b"}, "", "/", 1)
def test_pages_together_are_the_whole_listing(
    keys: set[str], prefix: str, delimiter: str, limit: int
) -> None:
    expected = sorted(
        {common_prefix(key, prefix, delimiter) or key for key in keys if key.startswith(prefix)}
    )
    entries, pages = listed(keys, prefix, delimiter, limit)
    assert entries == expected
    assert pages == max(1, -(-len(expected) // limit))


def test_common_prefixes_begin_after_the_prefix() -> None:
    assert common_prefix("a/b/c", "a/", "/") == "a/b/"
    assert common_prefix("a/b", "a/", "/") == ""
    assert common_prefix("a/b", "", "") == ""
