"""Sees what the tests show of the API's contract, and that each shows what is said of it.

A plugin of pytest. Tests in which chance decides what is sent show nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping
from typing import Any

import pytest

from checklist import evidence
from checklist.evidence import Evidence
from checklist.facts import Place, Section
from imageferry.actions.errors import ServiceError
from imageferry.gateway import gateway
from imageferry.gateway.rendering import Response
from imageferry.gateway.request import Request

WRITE = "--write-evidence"

_PROPERTY = "evidence"
_shown: set[Place] = set()


def note_reply(action: str, parameters: Mapping[str, str], reply: Mapping[str, Any]) -> None:
    """Let the running test have shown a call that succeeded."""
    _shown.update(evidence.shown_by_reply(action, parameters, reply))


def note_refusal(action: str, parameters: Mapping[str, str], error: ServiceError) -> None:
    """Let the running test have shown a call that was answered with an error."""
    named = f"{error.code.status} {error.code.code}"
    _shown.update(evidence.shown_by_refusal(action, parameters, named))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the option that writes the file."""
    parser.addoption(
        WRITE, action="store_true", help="keep which test shows which part of the contract"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Watch gateways, and see to what the tests show."""
    # Worked out once, before tests whose time is measured.
    evidence.served_places()
    watch = pytest.MonkeyPatch()
    watch.setattr(gateway, "_refusal", _watched(gateway._refusal))
    config.add_cleanup(watch.undo)
    if config.getoption(WRITE):
        config.pluginmanager.register(_Writer(), "evidence-writer")
    else:
        config.pluginmanager.register(_Checker(evidence.load()), "evidence-checker")


def _watched(answer: Callable[[Request, ServiceError, str], Response]) -> Any:
    """A gateway's way to answer with an error, which lets the running test have shown it."""

    def answered(request: Request, error: ServiceError, request_id: str) -> Response:
        note_refusal(request.loose("Action") or request.header("x-acs-action"), {}, error)
        return answer(request, error, request_id)

    return answered


class _Checker:
    """Fails a test that does not show what the file says of it."""

    def __init__(self, kept: Evidence) -> None:
        self._expected: dict[str, set[Place]] = {}
        for place, test in kept.items():
            self._expected.setdefault(test, set()).add(place)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Compare what a test showed with what it is to show."""
        _shown.clear()
        yield
        missing = self._expected.get(item.nodeid, set()) - _shown
        if missing:
            listed = "".join(f"\n- {place}" for place in sorted(map(str, missing)))
            pytest.fail(
                f"docs/contract.md names this test, which no longer shows:{listed}\n"
                "Mend the test, or choose others by `make checklist`.",
                pytrace=False,
            )


class _Writer:
    """Gathers what the tests show, from every process of theirs, and writes it at the end."""

    def __init__(self) -> None:
        self._tests: dict[str, Collection[Place]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Send what a test showed along with its result."""
        _shown.clear()
        yield
        if not getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            plain = [(place.action, place.section.value, place.name) for place in _shown]
            item.user_properties.append((_PROPERTY, plain))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what a test showed."""
        if report.when != "call" or not report.passed:
            return
        places: Any = dict(report.user_properties).get(_PROPERTY, ())
        self._tests[report.nodeid] = {
            Place(action, Section(section), name) for action, section, name in places
        }

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Keep it, unless a test failed."""
        if exitstatus == pytest.ExitCode.OK and not hasattr(session.config, "workerinput"):
            evidence.save(evidence.choose(self._tests))
