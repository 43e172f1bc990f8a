"""The project keeps the rules of its house, and the checks of those rules find a breach."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import docs
import house
from imageferry import settings

ROOT = Path(__file__).resolve().parents[2]
HASH = "--hash=sha256:" + "0" * 64

Check = Callable[[Path], Iterator[str]]

CHECKS: tuple[Check, ...] = (
    house.import_breaches,
    house.unknown_rooms,
    house.long_modules,
    house.work_left_undone,
    house.lock_breaches,
    house.pin_conflicts,
    house.npm_lock_breaches,
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project with nothing in it that a check could find."""
    (tmp_path / "src" / "imageferry").mkdir(parents=True)
    write(tmp_path, "requirements/run.lock", f"click==8.5.1 \\\n    {HASH}\n")
    write(tmp_path, "requirements/test.lock", f"click==8.5.1 {HASH}\npytest==9.2.0 {HASH}\n")
    return tmp_path


def write(tree: Path, name: str, text: str) -> None:
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_project_keeps_the_rule(check: Check) -> None:
    assert list(check(ROOT)) == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_project_without_a_breach_passes(check: Check, tree: Path) -> None:
    assert list(check(tree)) == []


def test_the_project_has_the_files_that_are_checked() -> None:
    checked = {
        path.relative_to(ROOT).as_posix()
        for path in house.modules(ROOT, *house.CODE_FOLDERS, house.TEST_FOLDER)
    }
    assert {
        "src/imageferry/settings.py",
        "scripts/setup.py",
        "tests/unit/test_house.py",
    } <= checked
    assert {
        "build.lock",
        "postgresql.lock",
        "qemu.lock",
        "run.lock",
        "sample.lock",
        "test.lock",
    } == {path.name for path in (ROOT / "requirements").glob("*.lock")}


def test_the_table_of_rooms_has_no_circle(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(house.rooms_in_a_circle()) == []

    monkeypatch.setattr(house, "ROOMS", {**house.ROOMS, "settings": frozenset({"tasks"})})

    assert "settings -> tasks -> settings" in list(house.rooms_in_a_circle())


@pytest.mark.parametrize(
    ("file", "line", "reason"),
    [
        ("tasks/queries.py", "from imageferry.images import model", "tasks may not import images"),
        ("tasks/queries.py", "from imageferry import engine", "tasks may not import engine"),
        ("tasks/queries.py", "import imageferry.engine.steps", "tasks may not import engine"),
        ("tasks/queries.py", "from ..engine import steps", "tasks may not import engine"),
        ("imaging/nbd.py", "from imageferry.buckets import folder", "imaging may not import"),
        ("buckets/s3.py", "from imageferry.database import metadata", "buckets may not import"),
        ("settings.py", "from imageferry.tasks import model", "settings may not import tasks"),
        ("gateway/app.py", "from imageferry import service", "gateway may not import service"),
        ("actions/call.py", "import dbos", "only engine may import dbos"),
        ("service/worker.py", "from dbos import DBOS", "only engine may import dbos"),
        ("tasks/queries.py", "def f():\n    import imageferry.oss", "tasks may not import oss"),
    ],
)
def test_an_import_upwards_is_found(tree: Path, file: str, line: str, reason: str) -> None:
    write(tree, f"src/imageferry/{file}", line + "\n")

    (breach,) = house.import_breaches(tree)

    assert breach.startswith(f"src/imageferry/{file}:{line.count(chr(10)) + 1}: {reason}")


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("tasks/queries.py", "from imageferry.tasks import model"),
        ("tasks/queries.py", "from . import model"),
        ("tasks/queries.py", "from imageferry import __version__, settings"),
        ("tasks/queries.py", "import sqlalchemy"),
        ("engine/steps.py", "import dbos\nfrom imageferry.imaging import transfer"),
        ("service/api.py", "from imageferry.engine import steps\nfrom imageferry import gateway"),
        ("cli/serve.py", "from imageferry.service import server"),
        ("__main__.py", "from imageferry.cli.main import main"),
    ],
)
def test_an_import_downwards_is_let_pass(tree: Path, file: str, line: str) -> None:
    write(tree, f"src/imageferry/{file}", line + "\n")

    assert list(house.import_breaches(tree)) == []


@pytest.mark.parametrize("file", ["helpers/text.py", "helpers.py"])
def test_a_module_outside_of_the_rooms_is_found(tree: Path, file: str) -> None:
    write(tree, f"src/imageferry/{file}", "")

    assert list(house.unknown_rooms(tree)) == [
        f"src/imageferry/{file}: scripts/house.py knows no room helpers"
    ]


def test_a_long_module_is_found(tree: Path) -> None:
    write(tree, "src/imageferry/tasks/long.py", "x = 1\n" * house.LONGEST_MODULE)
    write(tree, "src/imageferry/tasks/longer.py", "x = 1\n" * (house.LONGEST_MODULE + 1))

    assert list(house.long_modules(tree)) == ["src/imageferry/tasks/longer.py: 401 lines, over 400"]


@pytest.mark.parametrize(
    "words",
    [
        ("# TO", "DO: later"),
        ("# FIX", "ME"),
        ("# XX", "X"),
        ("raise NotImplemented", "Error"),
        ("@pytest.mark.sk", "ip"),
        ("@pytest.mark.sk", "ipif(True)"),
        ("pytest.sk", "ip('no')"),
        ("@pytest.mark.x", "fail"),
        ("pytest.importor", "skip('x')"),
    ],
)
def test_work_left_undone_is_found(tree: Path, words: tuple[str, str]) -> None:
    write(tree, "tests/unit/test_x.py", "ok = 1\n" + "".join(words) + "\n")

    (breach,) = house.work_left_undone(tree)

    assert breach.startswith("tests/unit/test_x.py:2: ")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("click==8.5.1", "not pinned"),
        (f"click>=8.5 {HASH}", "not pinned"),
        (f"click @ https://host.example/click.whl {HASH}", "names an address"),
        ("--index-url https://host.example/simple", "names an address"),
        ("--find-links wheels", "not pinned"),
    ],
)
def test_a_loose_entry_in_a_lock_file_is_found(tree: Path, entry: str, reason: str) -> None:
    write(tree, "requirements/qemu.lock", f"six==1.17.0 \\\n    {HASH}\n{entry}\n")

    breaches = list(house.lock_breaches(tree))

    assert any(
        breach.startswith("requirements/qemu.lock: ") and reason in breach for breach in breaches
    )


def test_tests_that_run_on_another_version_than_the_service_are_found(tree: Path) -> None:
    write(tree, "requirements/test.lock", f"click==8.4.0 {HASH}\n")

    assert list(house.pin_conflicts(tree)) == ["click: 8.5.1 to run, 8.4.0 to test"]


@pytest.mark.parametrize(
    ("package", "reason"),
    [
        ({"version": "1.0.0"}, "not pinned by hash: node_modules/x"),
        (
            {"integrity": "sha512-x", "resolved": "https://host.example/x.tgz"},
            "names an address: node_modules/x",
        ),
    ],
)
def test_a_loose_entry_in_an_npm_lock_file_is_found(
    tree: Path, package: dict[str, str], reason: str
) -> None:
    lock = {"packages": {"": {"name": "tests"}, "node_modules/x": package}}
    write(tree, "tests/acceptance/node/package-lock.json", json.dumps(lock))

    assert list(house.npm_lock_breaches(tree)) == [
        f"tests/acceptance/node/package-lock.json: {reason}"
    ]


@pytest.mark.parametrize("path", docs.PAGES, ids=lambda path: path.name)
def test_a_page_made_from_the_code_is_up_to_date(path: Path) -> None:
    assert path.read_text() == docs.PAGES[path](), "run `make docs`"


def test_the_page_of_settings_has_every_setting() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()

    for setting in settings.declared():
        assert f"| `{setting.variable}` | `{setting.flag}` |" in page
        assert setting.help in page
