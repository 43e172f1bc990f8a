"""A real Chromium that looks at the console, and what axe-core finds on a page."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from imageferry.database.connection import Database
from support.rows import Rows
from support.service import Service

AXE = Path(__file__).parents[1] / "acceptance" / "node" / "node_modules" / "axe-core" / "axe.min.js"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 60_000
"""How long what has to happen may take: the machine has other work too."""

GRAVE = frozenset({"serious", "critical"})


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a window. No asyncio loop may run beside it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(ARGUMENTS)
        )
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Somebody who looks at the console of a service.

    Attributes:
        page: What they see.
        service: The service.
        errors: What the browser has complained about.
        answered: The requests that were answered, in this order.
    """

    page: Page
    service: Service
    errors: list[str] = field(default_factory=list)
    answered: list[Request] = field(default_factory=list)

    @property
    def received(self) -> dict[str, int]:
        """The bytes of each answer's body, by its address."""
        return {request.url: request.sizes()["responseBodySize"] for request in self.answered}

    def open(self, path: str) -> None:
        """Go to a page of the console."""
        self.page.goto(f"{self.service.ecs}/console/{path}")

    def sign_in(self) -> None:
        """Sign in with the first account's key."""
        self.open("sign-in")
        self.page.locator("[name=access_key_id]").fill(self.service.access_key_id)
        self.page.locator("[name=access_key_secret]").fill(self.service.access_key_secret)
        self.page.locator("main button").click()
        self.page.wait_for_url("**/console/tasks")

    def expect_no_complaint(self) -> None:
        """Make sure that the browser has not complained; what it did is forgotten."""
        errors = self.errors.copy()
        self.errors.clear()
        assert not errors, f"the browser complained: {errors}"

    def grave_findings(self) -> list[str]:
        """What axe-core finds on the page that keeps somebody from using it."""
        # In a world of its own, to which the page's policy does not apply.
        session = self.page.context.new_cdp_session(self.page)
        session.send("Page.setBypassCSP", {"enabled": True})
        self.page.reload()
        self.page.add_script_tag(path=AXE)
        found = self.page.evaluate("axe.run()")
        session.send("Page.setBypassCSP", {"enabled": False})
        return [
            f"{finding['id']}: {node['html']}"
            for finding in found["violations"]
            if finding["impact"] in GRAVE
            for node in finding["nodes"]
        ]


def sign_in_link(service: Service) -> str:
    """A link that signs in once."""
    printed = subprocess.run(
        [sys.executable, "-m", "imageferry", "keys", "--console", "--json"],
        env=service.environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    link: str = json.loads(printed.stdout)["Console"]
    return link


@contextmanager
def visitor(browser: Browser, service: Service, **options: Any) -> Iterator[Visitor]:
    """Somebody with a browser of their own; it must not have complained in the end."""
    context = browser.new_context(**{"locale": "en-GB", **options})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    page = context.new_page()
    visitor = Visitor(page, service)
    page.on("console", lambda said: _note(visitor.errors, said.type, said.text))
    page.on("pageerror", lambda error: visitor.errors.append(str(error)))
    # Nothing is asked of the browser here, which may be closing the page.
    page.on("requestfinished", lambda request: _keep(visitor, request))
    yield visitor
    context.close()
    visitor.expect_no_complaint()


def rows_of(service: Service) -> Rows:
    """The rows of a service's database, to let things happen that take a worker long."""
    return Rows(Database(f"sqlite:///{service.data_dir / 'imageferry.db'}"))


def _keep(visitor: Visitor, request: Request) -> None:
    visitor.answered.append(request)


def _note(errors: list[str], kind: str, text: str) -> None:
    if kind in {"error", "warning"}:
        errors.append(text)
