"""The README tells the truth."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from imageferry.cli.main import main
from support.service import Service

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_example_in_the_official_sdk_runs(service: Service, tmp_path: Path) -> None:
    (example,) = blocks("python")
    assert '"127.0.0.1:8080"' in example
    service.put("demo", "alpine-3.23-amd64.qcow2", bytes(2**20))
    (tmp_path / "imageferry-data").symlink_to(service.data_dir)
    (tmp_path / "example.py").write_text(
        example.replace("127.0.0.1:8080", service.ecs.removeprefix("http://"))
    )

    ended = subprocess.run(
        [sys.executable, "example.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert re.fullmatch(r"m-\w{20} Finished", ended.stdout.splitlines()[-1].strip())


def test_the_command_lines_can_be_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [
        shlex.split(line.removeprefix("$ imageferry "), comments=True)
        for block in blocks("console")
        for line in block.splitlines()
        if line.startswith("$ imageferry ")
    ]
    assert len(lines) == 5
    for name, *arguments in lines:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        assert command.make_context(name, arguments).args == []


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_what_is_linked_is_there(link: str) -> None:
    assert (ROOT / link).exists()


def test_the_map_has_every_room() -> None:
    rooms = {path.parent.name for path in (ROOT / "src" / "imageferry").glob("*/__init__.py")}
    table = README.partition("## Where things are")[2]

    assert {room for room in rooms if f"{room}/`" not in table} == set()
