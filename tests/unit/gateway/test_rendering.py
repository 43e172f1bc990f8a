"""Replies and errors, read back from JSON and XML."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imageferry.actions import error_codes
from imageferry.actions.declaration import Member, Model, Reply
from imageferry.gateway.rendering import Response, as_xml, render_error, render_reply
from imageferry.gateway.reply_format import ReplyFormat

NOTE = Member(description="Of no meaning.")


class Item(Model, frozen=True, kw_only=True):
    task_id: Annotated[str, NOTE]
    finished_time: Annotated[str | None, NOTE] = None
    numbers: Annotated[tuple[int, ...], NOTE] = ()


class ItemSet(Model, frozen=True, kw_only=True):
    item: Annotated[tuple[Item, ...], NOTE]


class ListReply(Reply, frozen=True, kw_only=True):
    total_count: Annotated[int, NOTE]
    usable: Annotated[bool, NOTE]
    oss_bucket: Annotated[str, NOTE]
    item_set: Annotated[ItemSet, NOTE]
    remark: Annotated[str | None, NOTE] = None


REPLY = ListReply(
    total_count=2,
    usable=True,
    oss_bucket="a<b>&\"'\r\n测试",
    item_set=ItemSet(item=(Item(task_id="t-1"), Item(task_id="t-2", numbers=(1, 2)))),
)


def _render(reply: Reply, reply_format: ReplyFormat) -> Response:
    return render_reply(reply, action="ListItems", request_id="ID-1", reply_format=reply_format)


def test_json_reply() -> None:
    response = _render(REPLY, ReplyFormat.JSON)
    assert response.status == 200
    assert dict(response.headers) == {
        "Content-Type": "application/json;charset=utf-8",
        "x-acs-request-id": "ID-1",
    }
    assert json.loads(response.body) == {
        "RequestId": "ID-1",
        "TotalCount": 2,
        "Usable": True,
        "OSSBucket": "a<b>&\"'\r\n测试",
        "ItemSet": {
            "Item": [
                {"TaskId": "t-1", "Numbers": []},
                {"TaskId": "t-2", "Numbers": [1, 2]},
            ]
        },
    }


def test_xml_reply() -> None:
    response = _render(REPLY, ReplyFormat.XML)
    assert dict(response.headers)["Content-Type"] == "text/xml;charset=utf-8"
    root = ET.fromstring(response.body)
    assert root.tag == "ListItemsResponse"
    assert [child.tag for child in root] == [
        "RequestId",
        "TotalCount",
        "Usable",
        "OSSBucket",
        "ItemSet",
    ]
    assert root.findtext("Usable") == "true"
    assert root.findtext("OSSBucket") == "a<b>&\"'\r\n测试"
    assert [item.findtext("TaskId") for item in root.iterfind("ItemSet/Item")] == ["t-1", "t-2"]
    assert [number.text for number in root.iterfind("ItemSet/Item[2]/Numbers")] == ["1", "2"]


def test_an_empty_list_leaves_an_empty_wrapper() -> None:
    reply = ListReply(total_count=0, usable=False, oss_bucket="", item_set=ItemSet(item=()))
    root = ET.fromstring(_render(reply, ReplyFormat.XML).body)
    wrapper = root.find("ItemSet")
    assert wrapper is not None
    assert list(wrapper) == []
    assert json.loads(_render(reply, ReplyFormat.JSON).body)["ItemSet"] == {"Item": []}


def test_what_xml_does_not_allow_is_replaced() -> None:
    reply = ListReply(
        total_count=0, usable=False, oss_bucket="a\x00\x08\ufffeb\t", item_set=ItemSet(item=())
    )
    root = ET.fromstring(_render(reply, ReplyFormat.XML).body)
    assert root.findtext("OSSBucket") == "a\ufffd\ufffd\ufffdb\t"


@settings(deadline=None)
@given(st.text())
def test_any_text_is_well_formed_in_both(text: str) -> None:
    reply = ListReply(total_count=0, usable=False, oss_bucket=text, item_set=ItemSet(item=()))
    assert json.loads(_render(reply, ReplyFormat.JSON).body)["OSSBucket"] == text
    assert ET.fromstring(_render(reply, ReplyFormat.XML).body).tag == "ListItemsResponse"


@pytest.mark.parametrize("reply_format", list(ReplyFormat))
def test_error(reply_format: ReplyFormat) -> None:
    error = error_codes.MISSING_PARAMETER.error("Send it. \udcff", name="RegionId")
    response = render_error(
        error, host_id="127.0.0.1:8080", request_id="ID-2", reply_format=reply_format
    )
    if reply_format is ReplyFormat.JSON:
        members = json.loads(response.body)
    else:
        root = ET.fromstring(response.body)
        assert root.tag == "Error"
        members = {child.tag: child.text for child in root}
    assert response.status == 400
    assert members == {
        "RequestId": "ID-2",
        "HostId": "127.0.0.1:8080",
        "Code": "MissingParameter",
        "Message": 'An input parameter "RegionId" that is mandatory for processing the request '
        "is not supplied.",
        "Recommend": "Send it. ?",
    }


def test_members_that_json_has_become_the_xml_that_is_answered() -> None:
    reply = {"RequestId": "4F2A", "Regions": {"Region": [{"RegionId": "<a>"}, {"RegionId": "b"}]}}

    assert as_xml("DescribeRegions", reply) == (
        "<?xml version='1.0' encoding='UTF-8'?><DescribeRegionsResponse><RequestId>4F2A</RequestId>"
        "<Regions><Region><RegionId>&lt;a&gt;</RegionId></Region>"
        "<Region><RegionId>b</RegionId></Region></Regions></DescribeRegionsResponse>"
    )
    assert as_xml("DescribeRegions", {"Code": "InternalError"}) == (
        "<?xml version='1.0' encoding='UTF-8'?><Error><Code>InternalError</Code></Error>"
    )
