"""The API Explorer and the Error Center in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import alibabacloud_oss_v2 as oss
import pytest
from playwright.sync_api import Browser, Page, expect

from imageferry.actions.registry import ECS, PRODUCTS
from support.accounts import create_account
from support.browser import Visitor, visitor
from support.service import REGION, ApiRefusedError, Service

FIRST_LOAD_BYTES = 200_000
HOSTILE = "<script>alert(1)</script>\u202etxt.exe"


@pytest.fixture(scope="module")
def session(browser: Browser, service: Service) -> Any:
    """What a browser keeps of a session."""
    with visitor(browser, service) as somebody:
        somebody.sign_in()
        return somebody.page.context.storage_state()


@pytest.fixture
def member(browser: Browser, service: Service, session: Any) -> Iterator[Visitor]:
    """Somebody who has signed in."""
    with visitor(browser, service, storage_state=session) as somebody:
        yield somebody


def refused(service: Service, **parameters: object) -> str:
    """The RequestId of a call that was refused."""
    with pytest.raises(ApiRefusedError) as refusal:
        service.call("DescribeImages", **parameters)
    request_id: str = refusal.value.body["RequestId"]
    return request_id


def call(page: Page) -> None:
    page.get_by_role("button", name="Call", exact=True).first.click()


def test_every_action_is_found_by_search(member: Visitor) -> None:
    page = member.page
    member.open("explorer")
    found = page.locator("#found li")
    expect(found).to_have_count(sum(len(product.actions) for product in PRODUCTS))

    page.keyboard.press("/")
    page.keyboard.type("describe tasks")

    expect(found).to_have_count(1)
    page.get_by_role("link", name="DescribeTasks").click()
    expect(page.get_by_role("heading", name="DescribeTasks")).to_be_visible()


def test_a_call_shows_what_the_api_answers(member: Visitor, service: Service) -> None:
    page = member.page
    member.open("explorer/ecs/DescribeRegions")

    call(page)

    reply = page.locator("#reply")
    expect(reply.get_by_role("status")).to_contain_text("200")
    expect(reply).to_be_focused()
    shown = json.loads(reply.get_by_role("region", name="JSON").inner_text())
    answer = service.call("DescribeRegions", **ECS.actions["DescribeRegions"].example)
    assert shown["Regions"] == answer["Regions"]
    reply.get_by_text("XML", exact=True).click()
    expect(reply.get_by_role("region", name="XML")).to_contain_text("<DescribeRegionsResponse>")
    reply.get_by_text("Headers", exact=True).click()
    expect(reply).to_contain_text("x-acs-request-id")
    reply.get_by_text("The request as it was sent").click()
    expect(reply).to_contain_text("ACS3-HMAC-SHA256 Credential=")


def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_sent(member: Visitor) -> None:
    page = member.page
    member.open("explorer/ecs/DescribeImages")
    page.get_by_label("PageSize").fill("1000")
    page.get_by_label("RegionId").fill("")

    call(page)

    size = page.get_by_label("PageSize")
    expect(size).to_have_attribute("aria-invalid", "true")
    expect(size).to_have_accessible_description(re.compile("Send a whole number from 1 to 100"))
    expect(page.get_by_label("RegionId")).to_have_accessible_description(re.compile("Fill this in"))
    expect(page.locator("#reply")).to_have_count(0)
    expect(page.get_by_label("RegionId")).to_be_focused()

    size.fill("5")
    page.get_by_label("RegionId").fill(REGION)
    call(page)
    expect(page.locator("#reply").get_by_role("status")).to_contain_text("200")


def test_items_of_lists_come_and_go(member: Visitor) -> None:
    page = member.page
    member.open("explorer/ecs/ImportImage")
    page.get_by_role("button", name="Add DiskDeviceMapping").click()
    page.get_by_label("DiskDeviceMapping.2.OSSObject").fill("second.vhd")
    page.get_by_role("button", name="Remove DiskDeviceMapping.1").click()

    expect(page.get_by_label("DiskDeviceMapping.1.OSSObject")).to_have_value("second.vhd")
    expect(page.get_by_label("DiskDeviceMapping.2.OSSObject")).to_have_count(0)
    expect(page.get_by_role("region", name="Python", exact=True)).to_contain_text(
        'ossobject="second.vhd"'
    )


def test_code_is_chosen_by_keyboard_and_copied(member: Visitor) -> None:
    page = member.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    member.open("explorer/ecs/DescribeTasks")
    page.get_by_role("radio", name="Python", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Python (aliyun-python-sdk-core)")).to_be_checked()

    page.get_by_role("button", name="Copy: Python (aliyun-python-sdk-core)").press("Enter")

    expect(page.get_by_text("✓")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("# pip install aliyun-python-sdk-core\n")
    assert 'request.set_action_name("DescribeTasks")' in copied


def test_the_signature_is_shown_step_by_step(member: Visitor, service: Service) -> None:
    page = member.page
    member.open("explorer/ecs/DescribeTasks")
    page.get_by_text("HMAC-SHA1, SignatureVersion 1.0").click()

    expect(page.get_by_text("POST&%2F&AccessKeyId%3D")).to_be_visible()
    assert service.access_key_secret not in page.content()


def test_calls_are_remembered_in_other_browsers_too(
    member: Visitor, browser: Browser, service: Service
) -> None:
    with visitor(browser, service) as elsewhere:
        elsewhere.sign_in()
        elsewhere.open("explorer/ecs/DescribeImages?p.RegionId=nowhere")
        call(elsewhere.page)
        expect(elsewhere.page.locator("#reply").get_by_role("status")).to_contain_text("400")
    page = member.page

    member.open("explorer")

    page.locator("#history").get_by_role("link", name="DescribeImages").first.click()
    expect(page.get_by_label("RegionId")).to_have_value("nowhere")


def test_a_call_needs_no_javascript(browser: Browser, service: Service, session: Any) -> None:
    options = {"java_script_enabled": False, "storage_state": session}
    with visitor(browser, service, **options) as somebody:
        page = somebody.page
        somebody.open("explorer/ecs/DescribeTasks")
        page.get_by_role("button", name="Add ResourceIds").click()
        page.get_by_label("ResourceIds.1", exact=False).fill("m-1")
        call(page)

        expect(page.locator("#reply").get_by_role("status")).to_contain_text("200")
        page.get_by_text("curl", exact=True).click()
        expect(page.get_by_role("region", name="curl")).to_contain_text("ResourceIds.1=m-1")


def test_hostile_values_are_text(member: Visitor) -> None:
    page = member.page
    member.open("explorer/ecs/DescribeImages")
    page.get_by_label("ImageFamily").fill(HOSTILE)
    call(page)
    expect(page.locator("#reply")).to_be_visible()
    expect(page.get_by_label("ImageFamily")).to_have_value(HOSTILE)
    python = page.get_by_role("region", name="Python", exact=True)
    expect(python).to_contain_text("<script>alert(1)</script>\\u202etxt.exe")

    member.open("errors")
    page.get_by_role("textbox", name="Paste").fill(HOSTILE)
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("alert")).to_contain_text("no code and no RequestId")


def test_a_pasted_body_leads_to_the_very_call(member: Visitor, service: Service) -> None:
    request_id = refused(service, RegionId="nowhere", ImageName=HOSTILE)
    page = member.page
    member.open("errors")
    body = json.dumps({"RequestId": request_id, "Code": "InvalidRegionId.NotFound"})
    page.get_by_role("textbox", name="Paste").fill(body)
    page.get_by_role("button", name="Explain").click()

    expect(page).to_have_url(re.compile(request_id))
    main = page.locator("main")
    expect(main).to_contain_text("InvalidRegionId.NotFound")
    expect(main).to_contain_text(HOSTILE)
    expect(main).not_to_contain_text("Signature")
    page.get_by_role("link", name="InvalidRegionId.NotFound").click()
    expect(main).to_contain_text("As your account met it")
    expect(page.locator("q").first).to_be_visible()


def test_a_pasted_answer_of_the_oss_api_leads_to_the_very_request(
    member: Visitor, service: Service
) -> None:
    service.make_bucket("pasted")
    with pytest.raises(oss.exceptions.OperationError) as refusal:
        service.get("pasted", HOSTILE)
    answer = refusal.value.unwrap()
    page = member.page
    member.open("errors")
    page.get_by_role("textbox", name="Paste").fill(answer.snapshot.decode())
    page.get_by_role("button", name="Explain").click()

    expect(page).to_have_url(re.compile(answer.request_id))
    main = page.locator("main")
    expect(main).to_contain_text("GetObject")
    expect(main).to_contain_text(HOSTILE)
    page.get_by_role("link", name="NoSuchKey").click()
    expect(main).to_contain_text("The bucket has no object of that name.")
    expect(main.get_by_text("The specified key does not exist.")).to_have_count(2)
    assert not member.grave_findings()


def test_a_call_of_another_account_is_not_shown(browser: Browser, service: Service) -> None:
    request_id = refused(service, RegionId="nowhere")
    other = create_account(service, "stranger")
    with visitor(browser, service) as stranger:
        stranger.open("sign-in")
        page = stranger.page
        page.get_by_label("Access key ID").fill(other.key["key_id"])
        page.get_by_label("Access key secret").fill(other.key["secret"])
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/tasks")
        stranger.open("errors")
        expect(page.get_by_text("Your last refused calls")).to_have_count(0)

        page.get_by_role("textbox", name="Paste").fill(request_id)
        page.get_by_role("button", name="Explain").click()

        expect(page.get_by_role("alert")).to_contain_text("No refused call of your account")


def test_codes_are_found_and_explained(member: Visitor) -> None:
    page = member.page
    member.open("errors")
    page.get_by_role("searchbox").fill("nonce")
    page.get_by_role("link", name="SignatureNonceUsed").click()

    expect(page.locator("main")).to_contain_text("Sign every request anew")
    expect(page.locator("main")).to_contain_text("The nonce is made of the time alone.")
    expect(page.locator("main")).to_contain_text("Every action can answer with it.")


def test_pages_weigh_little(member: Visitor) -> None:
    member.open("explorer/ecs/ImportImage")
    member.page.wait_for_load_state("networkidle")

    assert sum(member.received.values()) < FIRST_LOAD_BYTES


@pytest.mark.parametrize(
    "path",
    [
        "explorer",
        "explorer/ecs/ImportImage",
        "errors",
        "errors/codes/InvalidImageName.Malformed",
    ],
)
@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark", "locale": "zh-CN"}])
def test_pages_can_be_used_by_everybody(
    browser: Browser, service: Service, session: Any, path: str, options: dict[str, Any]
) -> None:
    options = {**options, "viewport": {"width": 390, "height": 800}, "storage_state": session}
    with visitor(browser, service, **options) as somebody:
        somebody.open(path)

        assert somebody.grave_findings() == []
        wide = somebody.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390
