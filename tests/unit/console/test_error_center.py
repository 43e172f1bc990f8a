from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from imageferry.console.error_center import ErrorCenter
from support.visits import Call, Calls, backend, text, visit

HOSTILE = "<script>alert(1)</script>"
OBJECT_ID = "6A0B1C2D3E4F5A6B7C8D9E0F"
OBJECT_CALL = Call(
    request_id=OBJECT_ID,
    action="GetObject",
    parameters={"Bucket": "golden", "Key": HOSTILE},
    status=404,
    code="NoSuchKey",
    message="The specified key does not exist.",
)
MINE = Call(message=HOSTILE, parameters={"RegionId": HOSTILE})


def center(*calls: Call) -> ErrorCenter:
    return ErrorCenter(backend(refused=Calls(*calls)))


def test_a_search_finds_codes_by_their_meaning_in_both_languages() -> None:
    english = text(center().show(visit(query={"search": "virtual size imported"})))
    chinese = text(center().show(visit(query={"search": "虚拟大小"}, language="zh")))

    assert "InvalidImageSize</code>" in english
    assert "InvalidImageSize</code>" in chinese
    assert "SignatureDoesNotMatch</code>" not in english + chinese


def test_the_last_refused_calls_are_shown_as_text() -> None:
    shown = text(center(MINE).show(visit()))

    assert f"/console/errors/calls/{MINE.request_id}" in shown
    assert HOSTILE not in shown


@pytest.mark.parametrize(
    ("pasted", "address"),
    [
        (json.dumps({"RequestId": MINE.request_id}), f"/console/errors/calls/{MINE.request_id}"),
        ("<Error><Code>MissingAction</Code></Error>", "/console/errors/codes/MissingAction"),
        ("it said missingaction again", "/console/errors/codes/MissingAction"),
        (f"<Error><RequestId>{OBJECT_ID}</RequestId>", f"/console/errors/calls/{OBJECT_ID}"),
        ("<Error><Code>NoSuchUpload</Code></Error>", "/console/errors/objects/NoSuchUpload"),
        ("SignatureDoesNotMatch", "/console/errors/codes/SignatureDoesNotMatch"),
        (
            f"<Code>SignatureDoesNotMatch</Code><RequestId>{OBJECT_ID[::-1]}</RequestId>",
            "/console/errors/objects/SignatureDoesNotMatch",
        ),
    ],
)
def test_a_pasted_text_leads_to_the_call_else_to_the_code(pasted: str, address: str) -> None:
    response = center(MINE, OBJECT_CALL).find(visit(form={"text": pasted}))

    assert (response.status_code, response.headers["location"]) == (303, address)


@pytest.mark.parametrize(
    ("pasted", "problem"),
    [
        ("nothing of ours", "There is no code and no RequestId of ours"),
        (MINE.request_id, "No refused call of your account has that RequestId"),
    ],
)
def test_a_text_that_leads_nowhere(pasted: str, problem: str) -> None:
    assert problem in text(center().find(visit(form={"text": pasted})))


def test_the_page_of_a_code_has_causes_and_the_account_s_own_examples() -> None:
    code = "SignatureDoesNotMatch"
    call = Call(code=code, message="Specified signature is not matched.")

    shown = text(center(call, MINE).code(visit(code=code.lower())))

    assert "signed with another secret" in shown
    assert "A proxy on the way changes the Host header" in shown
    assert f"/console/errors/calls/{call.request_id}" in shown
    assert "Specified signature is not matched." in shown


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ("EntityTooSmall", "less than 100 KiB", "larger parts", "CompleteMultipartUpload")),
        ("zh", ("小于 100 KiB", "以更大的分片重新上传", "OSS 接口", "客户端的分片设置")),
    ],
)
def test_the_page_of_a_code_of_the_oss_api(language: str, told: Sequence[str]) -> None:
    shown = text(center().object_code(visit(code="entitytoosmall", language=language)))

    assert [words for words in told if words not in shown] == []


def test_codes_of_one_name_lead_to_each_other_and_keep_their_examples_apart() -> None:
    of_calls = Call(code="ServiceUnavailable", message="Of a call.")
    of_objects = Call(code="ServiceUnavailable", message="Of an object.", request_id=OBJECT_ID)
    both = center(of_calls, of_objects)

    calls = text(both.code(visit(code="ServiceUnavailable")))
    objects = text(both.object_code(visit(code="ServiceUnavailable")))

    assert 'href="/console/errors/objects/ServiceUnavailable"' in calls
    assert 'href="/console/errors/codes/ServiceUnavailable"' in objects
    assert ("Of a call." in calls, "Of an object." in calls) == (True, False)
    assert ("Of a call." in objects, "Of an object." in objects) == (False, True)


def test_the_page_of_a_refused_request_to_the_oss_api() -> None:
    shown = text(center(OBJECT_CALL).call(visit(request_id=OBJECT_ID)))

    assert 'href="/console/errors/objects/NoSuchKey"' in shown
    assert "The bucket has no object of that name." in shown
    assert HOSTILE not in shown
    assert "API Explorer</a></p>" not in shown


def test_a_code_is_explained_in_chinese() -> None:
    shown = text(center().code(visit(code="MissingAction", language="zh")))

    assert "请求未指明调用哪个接口。" in shown
    assert "does not say which action" not in shown


def test_a_code_and_a_call_that_there_are_not() -> None:
    unknown = center().code(visit(code="Nonsense"))
    foreign = center().call(visit(request_id=MINE.request_id))

    assert (unknown.status_code, foreign.status_code) == (404, 404)
    assert "There is no such code." in text(unknown)
    assert "No refused call of your account" in text(foreign)


def test_the_page_of_a_call_leads_to_the_explorer() -> None:
    shown = text(center(MINE).call(visit(request_id=MINE.request_id)))

    assert HOSTILE not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "/console/explorer/ecs/DescribeTasks?p.RegionId=%3Cscript%3E" in shown


def test_a_call_of_an_unknown_action_leads_nowhere() -> None:
    call = Call(action="Nonsense", code="InvalidAction.NotFound")

    shown = text(center(call).call(visit(request_id=call.request_id)))

    assert "/console/explorer/ecs/Nonsense" not in shown
    assert "Open in the API Explorer" not in shown
