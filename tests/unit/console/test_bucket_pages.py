"""Folders of buckets and their addresses."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from imageferry.console.bucket_pages import Folder

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
