"""Every served part of the contract has a test that was seen to show it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from checklist import evidence
from checklist.comparison import ADDED, LEFT_OUT
from checklist.evidence import choose, load, served_places, shown_by_refusal, shown_by_reply
from checklist.exceptions import EXCEPTIONS
from checklist.facts import EVERY_ACTION, Place, Section
from checklist.hollow import EMPTY, REFUSED

ROOT = Path(__file__).resolve().parents[2]
REGION = Place("DescribeRegions", Section.PARAMETER, "RegionId")
ENDPOINT = Place("DescribeRegions", Section.REPLY, "Regions.Region[].RegionEndpoint")
SUPPLIER = Place("DescribeImages", Section.REPLY, "Images.Image[].SupplierName")
GROUP = Place("DescribeImageSharePermission", Section.REPLY, "ShareGroups.ShareGroup[].Group")


def _pytest(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_test_shows_each_part_that_is_served() -> None:
    kept = load()

    assert sorted(str(place) for place in served_places() - kept.keys()) == []
    assert sorted(str(place) for place in kept.keys() - served_places()) == []


def test_what_is_left_out_is_not_served_and_what_is_added_is() -> None:
    aspects = {point.place: point.aspect for point in EXCEPTIONS}

    assert not {place for place, aspect in aspects.items() if aspect == LEFT_OUT} & served_places()
    assert {place for place, aspect in aspects.items() if aspect == ADDED} <= served_places()
    assert REFUSED.keys() | EMPTY.keys() <= served_places()


def test_the_tests_are_still_there() -> None:
    collected = _pytest("--collect-only", "-q", *sorted(set(load().values())))

    assert collected.returncode == 0, collected.stdout + collected.stderr


def test_a_call_that_succeeds_shows_what_was_sent_and_answered() -> None:
    reply = {"RequestId": "R", "Regions": {"Region": [{"RegionEndpoint": "x", "LocalName": ""}]}}

    shown = shown_by_reply(
        "DescribeRegions", {"regionid": "r", "ResourceType": "", "X": "y"}, reply
    )

    request_id = Place("DescribeRegions", Section.REPLY, "RequestId")
    assert shown == {REGION, ENDPOINT, request_id}


def test_parts_of_lists_are_shown_under_the_contract_s_names() -> None:
    shown = shown_by_reply("ImportImage", {"DiskDeviceMapping.12.OSSBucket": "golden"}, {})

    assert {place.name for place in shown} == {
        "DiskDeviceMapping.N.OSSBucket",
        "DiskDeviceMapping.N.<member>",
    }


@pytest.mark.parametrize(
    ("place", "empty", "filled"),
    [
        (
            SUPPLIER,
            {"Images": {"Image": [{"SupplierName": ""}]}},
            {"Images": {"Image": [{"SupplierName": "somebody"}]}},
        ),
        (
            GROUP,
            {"ShareGroups": {"ShareGroup": []}},
            {"ShareGroups": {"ShareGroup": [{"Group": "all"}]}},
        ),
    ],
)
def test_a_field_that_is_always_empty_is_shown_by_being_so(
    place: Place, empty: dict[str, object], filled: dict[str, object]
) -> None:
    assert place in shown_by_reply(place.action, {}, empty)
    assert place not in shown_by_reply(place.action, {}, filled)
    assert place not in shown_by_reply(place.action, {}, {"Images": {"Image": []}})


def test_a_refusal_shows_its_code_and_no_parameter() -> None:
    assert shown_by_refusal("DescribeRegions", {"RegionId": "r"}, "500 InternalError") == {
        Place(EVERY_ACTION, Section.ERROR, "500 InternalError")
    }
    assert shown_by_refusal("EchoText", {}, "400 NoSuchCode") == set()


def test_a_dry_run_shows_what_was_sent() -> None:
    shown = shown_by_refusal("ExportImage", {"DryRun": "true"}, "400 DryRunOperation")

    assert Place("ExportImage", Section.PARAMETER, "DryRun") in shown
    assert Place("ExportImage", Section.ERROR, "400 DryRunOperation") in shown


def test_what_is_always_refused_is_shown_by_being_so() -> None:
    place = Place("CopyImage", Section.PARAMETER, "KMSKeyId")

    assert place in shown_by_refusal("CopyImage", {"KMSKeyId": "k"}, "400 AnyCode")


def test_the_test_is_chosen_that_shows_the_least_besides() -> None:
    shown = {"a": {REGION, ENDPOINT}, "c": {REGION}, "b": {REGION}}

    assert choose(shown) == {REGION: "b", ENDPOINT: "a"}


def test_a_test_of_the_action_s_own_module_is_chosen_first() -> None:
    own = "tests/unit/actions/test_describe_regions.py::test_a"

    assert choose({own: {REGION, ENDPOINT}, "a": {REGION}, "b": {SUPPLIER}}) == {
        REGION: own,
        ENDPOINT: own,
        SUPPLIER: "b",
    }


CONFTEST = """
from pathlib import Path

from checklist import evidence

evidence.EVIDENCE = Path(__file__).with_name("evidence.json")
pytest_plugins = ["support.evidence"]
"""
TESTS = """
import pytest
from hypothesis import given, settings, strategies

from support.evidence import note_reply


@pytest.fixture
def region():
    note_reply("DescribeRegions", {}, {"RequestId": "R"})


def test_it(region):
    note_reply("DescribeRegions", {"RegionId": "r"}, {})


@settings(deadline=None)
@given(strategies.just("x"))
def test_by_chance(language):
    note_reply("DescribeRegions", {"AcceptLanguage": language}, {})
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[int, str, object]]:
    """Runs two tests as the plugin sees them; what it gives is its end, its words and the file."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_two.py").write_text(TESTS)
    file = tmp_path / "evidence.json"

    def runs(kept: object, *arguments: str) -> tuple[int, str, object]:
        file.write_text(json.dumps(kept))
        path = os.pathsep.join((str(ROOT / "scripts"), str(ROOT / "tests")))
        ended = _pytest("-p", "no:cacheprovider", *arguments, str(tmp_path), PYTHONPATH=path)
        return ended.returncode, ended.stdout, json.loads(file.read_text())

    return runs


def _of(test: str, section: str, name: str) -> object:
    return {"DescribeRegions": {section: {name: f"test_two.py::{test}"}}}


def test_a_test_that_shows_what_it_is_named_for_passes(
    run: Callable[..., tuple[int, str, object]],
) -> None:
    status, said, _ = run(_of("test_it", "Parameter", "RegionId"))

    assert status == 0, said


def test_one_that_does_not_fails(run: Callable[..., tuple[int, str, object]]) -> None:
    status, said, _ = run(_of("test_it", "Reply field", "RequestId"))

    assert status == 1
    assert "no longer shows:\n- DescribeRegions, reply field RequestId" in said


@pytest.mark.parametrize("processes", ["0", "1"])
def test_the_file_is_written_from_what_passed(
    run: Callable[..., tuple[int, str, object]], processes: str
) -> None:
    status, said, written = run({}, "--write-evidence", "-n", processes)

    assert status == 0, said
    assert written == _of("test_it", "Parameter", "RegionId")


def test_the_file_has_an_order_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "EVIDENCE", tmp_path / "evidence.json")

    evidence.save({ENDPOINT: "a", REGION: "b"})
    first = evidence.EVIDENCE.read_text()
    evidence.save({REGION: "b", ENDPOINT: "a"})

    assert evidence.EVIDENCE.read_text() == first
    assert load() == {ENDPOINT: "a", REGION: "b"}
