"""The pages of buckets: folders and their addresses, and what is shown of them."""

from __future__ import annotations

from typing import NoReturn
from urllib.parse import parse_qsl, urlsplit

import pytest

from imageferry.console.bucket_pages import BucketPages, Folder, reaching
from imageferry.console.storage import (
    Listing,
    StoredObject,
    StoreUnavailableError,
    UnfinishedUpload,
)
from imageferry.console.visit import Visit
from support.catalogue import OneBucket
from support.visits import NOW, backend, text, visit

HOSTILE = "a/../<b>&?#%2e\u202e é.raw"


def test_a_folder_knows_what_leads_to_it() -> None:
    folder = Folder("golden", "a/b/")

    assert [(parent.name, parent.prefix) for parent in folder.parents] == [
        ("golden", ""),
        ("a", "a/"),
        ("b", "a/b/"),
    ]
    assert folder.shown("a/b/c/d") == "c/d"
    assert Folder("golden").parents == [Folder("golden")]


def test_addresses_keep_every_character() -> None:
    link = urlsplit(Folder("golden").link("download", HOSTILE))
    page = urlsplit(Folder("golden", "a&b/", "c=d").after(HOSTILE))

    assert link.path == "/console/buckets/golden/download"
    assert dict(parse_qsl(link.query)) == {"key": HOSTILE}
    assert dict(parse_qsl(page.query)) == {"prefix": "a&b/", "begins": "c=d", "after": HOSTILE}
    assert Folder("golden").address == "/console/buckets/golden"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_folder_shows_names_as_text_and_as_addresses(language: str) -> None:
    name = "a/<script>alert(1)</script>&.raw"
    listed = Listing(["a/b/"], [StoredObject(name, 2**20, NOW)], "a/next")
    unfinished = [UnfinishedUpload("ID", "a/<b>", NOW)]
    buckets = OneBucket(listed=listed, unfinished=unfinished)
    query = {"prefix": "a/ignored", "begins": "x", "after": "a/w\0"}

    shown = text(
        BucketPages(backend(buckets=buckets)).show(
            visit(query=query, language=language, bucket="golden")
        )
    )

    assert buckets.asked == [("a/x", "a/w")]
    assert "<script>alert" not in shown
    assert "/golden/download?key=a%2F%3Cscript%3Ealert%281%29%3C%2Fscript%3E%26.raw" in shown
    assert "prefix=a%2Fb%2F" in shown
    assert "after=a%2Fnext" in shown
    assert 'name="upload" value="ID"' in shown


def test_a_bucket_that_is_not_there() -> None:
    pages = BucketPages(backend(buckets=OneBucket()))

    for handler in (pages.show, pages.ask):
        assert handler(visit(bucket="theirs")).status_code == 404


def test_objects_are_deleted_only_by_somebody_who_is_sure() -> None:
    pages = BucketPages(backend(buckets=OneBucket()))

    some = text(pages.delete_objects(visit(form={"key": "<b>", "prefix": "a/"}, bucket="golden")))
    none = text(pages.delete_objects(visit(form={"prefix": "a/", "key": ""}, bucket="golden")))
    sure = pages.delete_objects(visit(form={"key": "", "sure": "1"}, bucket="golden"))

    assert 'name="key" value="&lt;b&gt;"' in some
    assert 'name="sure"' in some
    assert 'name="sure"' not in none
    assert sure.headers["location"] == "/console/buckets/golden"
    assert "prefix=a%2F" in none


def test_a_store_that_does_not_answer_is_said() -> None:
    def silent(_visit: Visit) -> NoReturn:
        raise StoreUnavailableError("It is <silent>.")

    response = reaching(silent)(visit())

    assert response.status_code == 503
    assert "It is &lt;silent&gt;." in text(response)
