"""The rules that every file of the project keeps, as checks that tell each breach.

Each check yields one sentence for a breach, which begins with the file and,
where there is one, the line.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

PACKAGE = "imageferry"

# Which rooms a room may import besides itself: those below it, and only those it needs.
# A room is a folder, or a module that stands beside the folders.
ROOMS: Mapping[str, frozenset[str]] = {
    "settings": frozenset(),
    "telemetry": frozenset(),
    "signing": frozenset(),
    "database": frozenset({"telemetry", "settings"}),
    "imaging": frozenset({"telemetry", "settings"}),
    "buckets": frozenset({"telemetry", "settings"}),
    "tasks": frozenset({"database", "settings"}),
    "images": frozenset({"buckets", "database", "settings"}),
    "accounts": frozenset({"database", "settings"}),
    "actions": frozenset(
        {"tasks", "images", "accounts", "buckets", "imaging", "database"}
        | {"telemetry", "settings"}
    ),
    "gateway": frozenset({"actions", "accounts", "signing", "telemetry", "settings"}),
    "oss": frozenset({"buckets", "accounts", "signing", "telemetry", "settings"}),
    "engine": frozenset(
        {"tasks", "images", "imaging", "buckets", "database", "telemetry", "settings"}
    ),
    "console": frozenset({"actions", "signing", "settings"}),
    "service": frozenset(
        {"gateway", "oss", "console", "engine", "actions", "tasks", "images", "accounts"}
        | {"imaging", "buckets", "database", "signing", "telemetry", "settings"}
    ),
    "cli": frozenset({"service", "actions", "signing", "telemetry", "settings"}),
    "__main__": frozenset({"cli"}),
    "__init__": frozenset(),
}

# Libraries that one room alone knows.
LIBRARY_ROOMS = {
    "dbos": "engine",
    "dissect": "imaging",
    "prometheus_client": "telemetry",
    "opentelemetry": "telemetry",
}

LONGEST_MODULE = 400
CODE_FOLDERS = ("src", "scripts", "benchmarks")
TEST_FOLDER = "tests"

# Each pattern is written so that it does not find itself.
_LEFT_UNDONE = re.compile(
    r"\b(?:[T]ODO|[F]IXME|[X]XX|[N]otImplementedError)\b"
    r"|\b(?:pytest\.|mark\.)(?:[s]kip|[x]fail)|\bimportors[k]ip\b"
)

_PINNED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?: ; [^\\]+)?")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def modules(root: Path, *folders: str) -> list[Path]:
    """The Python files in folders of the project."""
    found = (path for name in folders for path in (root / name).rglob("*.py"))
    return sorted(path for path in found if "node_modules" not in path.parts)


def import_breaches(root: Path) -> Iterator[str]:
    """Imports that do not run downwards, and libraries used outside of their room."""
    for path in modules(root, f"src/{PACKAGE}"):
        for line, target in _imports(root, path):
            reason = _import_breach(_room(root, path), target)
            if reason:
                yield f"{path.relative_to(root)}:{line}: {reason}"


def unknown_rooms(root: Path) -> Iterator[str]:
    """Modules and folders that are no room of the house."""
    for path in modules(root, f"src/{PACKAGE}"):
        room = _room(root, path)
        if room not in ROOMS:
            yield f"{path.relative_to(root)}: scripts/house.py knows no room {room}"


def rooms_in_a_circle() -> Iterator[str]:
    """Rooms that the table lets reach themselves through others."""
    for room in ROOMS:
        for path in _paths_from((room,)):
            yield " -> ".join(path)


def long_modules(root: Path) -> Iterator[str]:
    """Modules that are too long to be read at one sitting."""
    for path in modules(root, *CODE_FOLDERS):
        lines = len(path.read_text().splitlines())
        if lines > LONGEST_MODULE:
            yield f"{path.relative_to(root)}: {lines} lines, over {LONGEST_MODULE}"


def work_left_undone(root: Path) -> Iterator[str]:
    """Marks of work that is not done, and tests that are not run."""
    for path in modules(root, *CODE_FOLDERS, TEST_FOLDER):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = _LEFT_UNDONE.search(line)
            if found:
                yield f"{path.relative_to(root)}:{number}: {found.group()}"


def lock_breaches(root: Path) -> Iterator[str]:
    """What in the Python lock files is not pinned by version and hash, or names an address."""
    for path in sorted((root / "requirements").glob("*.lock")):
        for entry in _entries(path):
            if not _PINNED.match(entry) or not _HASH.search(entry):
                yield f"{path.relative_to(root)}: not pinned by version and hash: {entry[:60]}"
            if "://" in entry:
                yield f"{path.relative_to(root)}: names an address: {entry[:60]}"


def pin_conflicts(root: Path) -> Iterator[str]:
    """Packages of the service that its tests would replace by another version."""
    run, test = (_pins(root / "requirements" / name) for name in ("run.lock", "test.lock"))
    for name, version in run.items():
        if test.get(name) != version:
            yield f"{name}: {version} to run, {test.get(name)} to test"


def npm_lock_breaches(root: Path) -> Iterator[str]:
    """What in the npm lock files is not pinned by hash, or names an address."""
    found = (root / "tests").rglob("package-lock.json")
    for path in sorted(path for path in found if "node_modules" not in path.parts):
        for name, package in json.loads(path.read_text())["packages"].items():
            if name and "integrity" not in package:
                yield f"{path.relative_to(root)}: not pinned by hash: {name}"
            if "://" in json.dumps(_without_funding(package)):
                yield f"{path.relative_to(root)}: names an address: {name or 'the project'}"


def _dotted(root: Path, path: Path) -> tuple[str, ...]:
    """The parts of a module's full name."""
    return path.relative_to(root / "src").with_suffix("").parts


def _room(root: Path, path: Path) -> str:
    return _dotted(root, path)[1]


def _imports(root: Path, path: Path) -> Iterator[tuple[int, str]]:
    """Each name that a module imports, in full, with the line."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            package = _dotted(root, path)[: -node.level] if node.level else ()
            origin = ".".join((*package, node.module or "")).strip(".")
            for alias in node.names:
                yield node.lineno, f"{origin}.{alias.name}"


def _import_breach(room: str, target: str) -> str | None:
    """Why a room may not import ``target``, a full name; None where it may."""
    library, wanted = [*target.split("."), ""][:2]
    if library != PACKAGE:
        owner = LIBRARY_ROOMS.get(library, room)
        return None if owner == room else f"only {owner} may import {library}"
    if wanted in {"", "__version__", room} or wanted in ROOMS.get(room, ()):
        return None
    return f"{room} may not import {wanted}"


def _entries(path: Path) -> Iterator[str]:
    """The entries of a lock file, each joined to one line."""
    text = path.read_text().replace("\\\n", " ")
    yield from (line.strip() for line in text.splitlines() if line.strip())


def _pins(path: Path) -> dict[str, str]:
    found = (_PINNED.match(entry) for entry in _entries(path))
    return {match["name"]: match["version"] for match in found if match}


def _without_funding(package: dict[str, object]) -> dict[str, object]:
    """A package without the page on which its authors ask for money."""
    return {key: value for key, value in package.items() if key != "funding"}


def _paths_from(path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for room in ROOMS[path[-1]]:
        if room == path[0]:
            yield (*path, room)
        elif room not in path:
            yield from _paths_from((*path, room))
