from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.oss import xml
from imageferry.oss.errors import OssError

BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE Delete [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Delete><Object><Key>&b;</Key></Object></Delete>"""
LEAK = b"""<!DOCTYPE Delete [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete><Key>&x;</Key></Delete>"""


def test_a_document() -> None:
    content = {"A": "<&>", "B": True, "C": 1, "D": None, "E": [{"F": 1}, {"F": 2}], "G": {}}
    assert xml.document("Root", content) == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b"<Root><A>&lt;&amp;&gt;</A><B>true</B><C>1</C><E><F>1</F></E><E><F>2</F></E><G /></Root>"
    )


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_makes_a_document_that_can_be_read(text: str) -> None:
    found = xml.parse(xml.document("Root", {"A": text}), "Root").findtext("A")
    assert found is not None
    assert len(found) == len(text.replace("\r\n", "\n"))


def test_namespaces_are_left_out() -> None:
    root = xml.parse(b'<a:Delete xmlns:a="http://x/"><a:Key>k</a:Key></a:Delete>', "Delete")
    assert root.findtext("Key") == "k"


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        LEAK,
        LEAK.decode().encode("utf-16"),
        b"<!DOCTYPE Delete><Delete/>",
        b"",
        b"Delete",
        b"<Delete>",
        b"<Delete/><Delete/>",
        b"<Other/>",
        b"<Delete>\xff</Delete>",
        b"<Delete>&unknown;</Delete>",
        b"<a:Delete/>",
        b'<?xml version="1.0" encoding="UTF-7"?><Delete/>',
        b'<?xml version="1.0" encoding="unknown"?><Delete/>',
    ],
)
def test_bodies_that_are_refused(body: bytes) -> None:
    with pytest.raises(OssError) as refused:
        xml.parse(body, "Delete")
    assert refused.value.code.code == "MalformedXML"


def test_timestamps_are_whole_seconds_of_utc() -> None:
    time = datetime(2026, 1, 30, 10, 15, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert xml.timestamp(time) == "2026-01-30T08:15:00.000Z"
    assert xml.timestamp(time.astimezone(UTC)) == "2026-01-30T08:15:00.000Z"
