from __future__ import annotations

from typing import Any

import pytest

from imageferry.actions.image_error_codes import INVALID_IMAGE_NAME
from imageferry.actions.registry import PRODUCTS
from imageferry.console.explained import translations
from imageferry.console.explorer import Explorer
from imageferry.console.visit import Visit
from support.visits import Answers, Call, Calls, backend, text, visit

REGION = {"p.RegionId": "cn-hangzhou"}


def describe(**others: Any) -> Visit:
    """A request for the page of an action."""
    return visit(product="ecs", action="DescribeTasks", **others)


def test_an_empty_search_shows_every_action() -> None:
    shown = text(Explorer(backend()).search(visit()))

    names = [name for product in PRODUCTS for name in product.actions]
    assert all(f"<code>{name}</code>" in shown for name in names)
    assert 'id="history"' not in shown


def test_a_search_wants_every_word_and_shows_itself_as_text() -> None:
    explorer = Explorer(backend())

    found = text(explorer.search(visit(query={"search": "ECS list TASKS"})))
    nothing = text(explorer.search(visit(query={"search": "<script>" + "x" * 500})))

    assert "DescribeTasks</code>" in found
    assert "ImportImage</code>" not in found
    assert "No action is called so." in nothing
    assert "<script>x" not in nothing
    assert "&lt;script&gt;" + "x" * 92 + '"' in nothing


def test_an_item_that_no_list_has_is_not_taken_away() -> None:
    form = {"p.TaskIds": "t-1", "remove": f"TaskIds.{'9' * 5000}"}

    assert "t-1" in text(Explorer(backend()).work(describe(form=form)))


def test_the_history_leads_back_to_each_call() -> None:
    calls = Calls(
        Call(parameters={"RegionId": "cn-hangzhou", "TaskIds": "t-1 & <t-2>"}),
        Call(product="sts", action="AssumeRole", status=200, code=""),
    )

    shown = text(Explorer(backend(explored=calls)).search(visit()))

    address = "/console/explorer/ecs/DescribeTasks?p.RegionId=cn-hangzhou&amp;p.TaskIds="
    assert address + "t-1+%26+%3Ct-2%3E" in shown
    assert "/console/explorer/sts/AssumeRole?" in shown
    assert "400 <code>InvalidParameter</code>" in shown


def test_a_form_is_filled_in_by_the_example_or_by_the_address() -> None:
    explorer = Explorer(backend())

    example = text(explorer.show(describe()))
    given = text(explorer.show(describe(query={"p.TaskStatus": "Failed", "x": "y"})))

    assert 'value="ImportImage"' in example or ">ImportImage</option>" in example
    assert 'value="Failed"' in given
    assert "cn-hangzhou" not in given.partition("</form>")[0].partition("p.RegionId")[2][:80]


@pytest.mark.parametrize("form", [None, REGION])
def test_an_action_that_there_is_not(form: dict[str, str] | None) -> None:
    explorer = Explorer(backend())
    handler = explorer.show if form is None else explorer.work

    response = handler(visit(form=form, product="ecs", action="DescribeTasks2"))

    assert response.status_code == 404
    assert "There is no such action" in text(response)


def test_a_call_is_sent_shown_and_kept() -> None:
    answers, explored = Answers(), Calls()
    explorer = Explorer(backend(answers=answers, explored=explored))

    shown = text(explorer.work(describe(form={**REGION, "call": "1"})))

    (sent,) = answers.sent
    assert (sent.headers["x-acs-action"], sent.body) == ("DescribeTasks", b"RegionId=cn-hangzhou")
    assert 'id="reply"' in shown
    account, *call, reply = explored.remembered[0]
    assert (account, call) == (
        "1234567890123456",
        ["ecs", "DescribeTasks", {"RegionId": "cn-hangzhou"}],
    )
    assert reply is answers.exchange


def test_an_error_leads_to_its_page() -> None:
    answers = Answers(404, '{"RequestId":"R-1","Code":"InvalidTaskId.NotFound"}')
    explorer = Explorer(backend(answers=answers))

    shown = text(explorer.work(describe(form={**REGION, "call": "1"})))

    assert 'href="/console/errors/codes/InvalidTaskId.NotFound"' in shown


def test_what_is_wrong_is_not_sent() -> None:
    answers, explored = Answers(), Calls()
    explorer = Explorer(backend(answers=answers, explored=explored, problem="Send another one."))

    shown = text(explorer.work(describe(form={**REGION, "call": "1"})))

    assert (answers.sent, explored.remembered) == ([], [])
    assert "Send another one." in shown
    assert "Not sent: 1 of the values below" in shown


def test_what_is_wrong_is_told_in_chinese_before_the_rule_itself() -> None:
    form = {**REGION, "p.ImageName": "-", "call": "1"}
    asked = visit(language="zh", form=form, product="ecs", action="ImportImage")

    shown = text(Explorer(backend(problem="it is too short")).work(asked))

    meaning = translations("zh")[INVALID_IMAGE_NAME.code].meaning
    assert shown.index(meaning) < shown.rindex(
        '<span lang="en" class="small muted">It is too short.'
    )


@pytest.mark.parametrize(
    ("button", "items"),
    [({"add": "ResourceIds"}, 3), ({"remove": "ResourceIds.1"}, 1), ({"remove": "nonsense"}, 2)],
)
def test_lists_grow_and_shrink_without_a_call(button: dict[str, str], items: int) -> None:
    answers = Answers()
    form = {**REGION, "p.ResourceIds.1": "m-1", "p.ResourceIds.2": "m-2", **button}

    shown = text(Explorer(backend(answers=answers)).work(describe(form=form)))

    assert shown.count('name="p.ResourceIds.') == items
    assert answers.sent == []
