"""The console's ways in and out, from a browser and from whoever has none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3
from playwright.sync_api import Browser

from imageferry.accounts import access_keys
from support.browser import rows_of, sign_in_link, visitor
from support.service import Service, services

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own, which lets nobody in after so many failures."""
    with services(tmp_path_factory.mktemp("console")) as start:
        yield start("--no-worker")


@pytest.fixture
def http() -> Iterator[urllib3.PoolManager]:
    with urllib3.PoolManager(retries=False) as http:
        yield http


def post(http: urllib3.PoolManager, address: str, fields: dict[str, str], **headers: str) -> Any:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return http.request("POST", address, body=urlencode(fields), headers=FORM | names)


def cookie_of(reply: Any) -> str:
    return str(reply.headers["Set-Cookie"].partition(";")[0])


def session(http: urllib3.PoolManager, console: Service) -> str:
    """The cookie of a browser that has signed in."""
    fields = {
        "access_key_id": console.access_key_id,
        "access_key_secret": console.access_key_secret,
    }
    reply = post(http, f"{console.ecs}/console/sign-in", fields)
    assert reply.status == 303
    return cookie_of(reply)


def test_a_browser_is_led_from_the_root_to_its_tasks_and_out_again(
    console: Service, browser: Browser
) -> None:
    with visitor(browser, console) as somebody:
        page = somebody.page
        page.goto(console.ecs)
        assert "/console/sign-in" in page.url
        assert somebody.grave_findings() == []
        page.get_by_label("Access key ID").fill(console.access_key_id)
        page.get_by_label("Access key secret").fill(console.access_key_secret)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Tasks").wait_for()
        assert page.url == f"{console.ecs}/console/tasks"

        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("heading", name="Sign in").wait_for()
        somebody.open("tasks?status=Failed")
        assert "next=%2Fconsole%2Ftasks%3Fstatus%3DFailed" in page.url


def test_a_wrong_secret_is_told_and_names_no_reason(console: Service, browser: Browser) -> None:
    with visitor(browser, console) as somebody:
        somebody.open("sign-in")
        for key_id in (console.access_key_id, "<script>alert(1)</script>"):
            somebody.page.get_by_label("Access key ID").fill(key_id)
            somebody.page.get_by_label("Access key secret").fill("wrong")
            somebody.page.keyboard.press("Enter")
            somebody.page.get_by_role("alert").get_by_text("or the secret is another").wait_for()
            assert somebody.page.get_by_label("Access key ID").input_value() == key_id
        assert all("403" in error for error in somebody.errors)
        somebody.errors.clear()


def test_a_link_works_once_and_only_after_a_click(
    console: Service, http: urllib3.PoolManager
) -> None:
    link = sign_in_link(console)
    assert all(http.request("GET", link).status == 200 for _ in range(2))
    token = link.partition("token=")[2]
    address = f"{console.ecs}/console/link"

    first, second = (post(http, address, {"token": token}) for _ in range(2))

    assert (first.status, second.status) == (303, 403)
    cookie = first.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/console/" in cookie
    assert post(http, address, {"token": cookie_of(first).partition("=")[2]}).status == 403


def test_a_session_that_was_signed_out_is_no_use_to_whoever_has_its_cookie(
    console: Service, http: urllib3.PoolManager
) -> None:
    cookie = session(http, console)
    page = http.request("GET", f"{console.ecs}/console/tasks", headers={"Cookie": cookie})
    (token,) = set(re.findall(r'name="form_token" value="([^"]+)"', page.data.decode()))

    fields = {"form_token": token}
    assert post(http, f"{console.ecs}/console/sign-out", fields, Cookie=cookie).status == 303

    again = http.request(
        "GET", f"{console.ecs}/console/tasks", headers={"Cookie": cookie}, redirect=False
    )
    assert again.status == 303
    stream = http.request("GET", f"{console.ecs}/console/tasks/stream", headers={"Cookie": cookie})
    assert stream.status == 204


@pytest.mark.parametrize("headers", [{"Sec_Fetch_Site": "cross-site"}, {"Origin": "http://evil"}])
def test_forms_of_other_sites_are_refused(
    console: Service, http: urllib3.PoolManager, headers: dict[str, str]
) -> None:
    cookie = session(http, console)

    for path in ("sign-in", "sign-out", "link", "language", "tasks/cancel"):
        reply = post(http, f"{console.ecs}/console/{path}", {}, Cookie=cookie, **headers)
        assert reply.status == 403
        assert "Set-Cookie" not in reply.headers


def test_a_form_without_the_session_s_token_is_refused(
    console: Service, http: urllib3.PoolManager
) -> None:
    cookie = session(http, console)

    for fields in ({}, {"form_token": "x"}):
        reply = post(http, f"{console.ecs}/console/tasks/cancel", fields, Cookie=cookie)
        assert reply.status == 403


def test_what_is_no_form_of_ours_is_refused(console: Service, http: urllib3.PoolManager) -> None:
    address = f"{console.ecs}/console/sign-in"
    for body, media_type in (
        (b"{}", "application/json"),
        (b"a=%ff", FORM["Content-Type"]),
        (b"a=" + b"x" * 65536, FORM["Content-Type"]),
    ):
        reply = http.request("POST", address, body=body, headers={"Content-Type": media_type})
        assert reply.status == 403


def test_a_key_that_is_switched_off_ends_its_sessions(
    console: Service, http: urllib3.PoolManager
) -> None:
    rows = rows_of(console)
    key = rows.change(access_keys.create_key, rows.account)
    fields = {"access_key_id": key.access_key_id, "access_key_secret": key.secret}
    cookie = cookie_of(post(http, f"{console.ecs}/console/sign-in", fields))

    rows.change(access_keys.create_key, rows.account, key.access_key_id)

    page = http.request(
        "GET", f"{console.ecs}/console/tasks", headers={"Cookie": cookie}, redirect=False
    )
    assert page.status == 303
    rows.database.close()


def test_every_answer_has_the_policy_and_leads_nowhere_else(
    console: Service, http: urllib3.PoolManager
) -> None:
    for path in ("sign-in", "link", "tasks", "nothing", "assets/console.css", "assets/nothing"):
        reply = http.request("GET", f"{console.ecs}/console/{path}", redirect=False)
        policy = reply.headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "unsafe" not in policy
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
    for wanted in ("//evil.example/", "https://evil.example/console/", "/\\evil", "/console/\\e"):
        fields = {"language": "zh", "next": wanted}
        reply = post(http, f"{console.ecs}/console/language", fields)
        assert reply.headers["Location"] == "/console/tasks"


def test_the_language_is_the_browser_s_until_another_is_chosen(
    console: Service, browser: Browser
) -> None:
    with visitor(browser, console, locale="zh-CN") as somebody:
        somebody.open("sign-in")
        assert somebody.page.get_by_role("heading", name="登录").is_visible()
        somebody.page.get_by_role("button", name="English").click()
        assert somebody.page.get_by_role("heading", name="Sign in").is_visible()
        assert somebody.page.locator("html").get_attribute("lang") == "en"


def test_who_fails_too_often_has_to_wait(start_service: Any, http: urllib3.PoolManager) -> None:
    service = start_service("--no-worker")
    fields = {"access_key_id": service.access_key_id, "access_key_secret": "wrong"}
    address = f"{service.ecs}/console/sign-in"
    assert [post(http, address, fields).status for _ in range(11)] == [403] * 10 + [429]

    right = fields | {"access_key_secret": service.access_key_secret}
    refused = post(http, address, right)

    assert refused.status == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 300
    assert post(http, f"{service.ecs}/console/link", {"token": "any"}).status == 429


def test_an_open_page_does_not_keep_the_service_from_stopping(
    start_service: Any, http: urllib3.PoolManager
) -> None:
    service = start_service("--no-worker")
    headers = {"Cookie": session(http, service)}
    address = f"{service.ecs}/console/tasks/stream"
    stream = http.request("GET", address, headers=headers, preload_content=False)
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    parts = stream.stream()
    assert next(parts).startswith(b"event: change")

    assert service.stop() == 0

    # One that is cut off raises.
    assert all(part.endswith(b"\n\n") for part in parts)
    assert "graceful" not in service.log.read_text()
