"""What the tests of the console in a real browser have in common.

Each module starts a Chromium of its own: no asyncio loop may run beside it, and tests of other
modules have one. The service without a worker is one for all modules that a process runs.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from imageferry.images.tables import images
from imageferry.tasks.tables import tasks
from support.browser import Visitor, chromium, rows_of, visitor
from support.rows import Rows
from support.service import Service, services


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service without a worker, whose tasks stay as a test leaves them."""
    with services(tmp_path_factory.mktemp("console")) as start:
        yield start("--no-worker")


@pytest.fixture
def rows(console: Service) -> Iterator[Rows]:
    """The rows of a service that has no tasks and no images yet."""
    rows = rows_of(console)
    for table in (tasks, images):
        rows.change(sa.Connection.execute, sa.delete(table))
    yield rows
    rows.database.close()


@pytest.fixture(scope="module")
def visited(browser: Browser, console: Service) -> Iterator[Visitor]:
    """Somebody who has signed in, and whom the tests of a module share."""
    with visitor(browser, console) as somebody:
        somebody.sign_in()
        yield somebody


@pytest.fixture
def member(visited: Visitor) -> Iterator[Visitor]:
    """Somebody who has signed in, leaves the page in the end, and had nothing to complain of."""
    yield visited
    visited.page.goto("about:blank")
    visited.expect_no_complaint()
