"""The programs that benchmarks compare with: installed where they are missing, else told of."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from installation import peers

Program = Callable[[str, str], Path]

PACKAGES = ("nginx", "libnginx-mod-http-echo", "nbdkit", "qemu-block-extra")
MODULES = ("usr/lib/nginx/modules/ngx_http_echo_module.so", "usr/lib/here/qemu/block-curl.so")


@pytest.fixture(autouse=True)
def _as_root(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (path / "env").symlink_to("/usr/bin/env")


def test_each_that_is_missing_is_installed(program: Program, tmp_path: Path) -> None:
    apt = program("apt-get", 'echo "$*" >> "$0.log"')

    peers.prepare(tmp_path)

    installed = [line.split()[-1] for line in apt.with_name("apt-get.log").read_text().splitlines()]
    assert installed == list(PACKAGES)


def test_nothing_is_installed_where_all_is_there(program: Program, tmp_path: Path) -> None:
    apt = program("apt-get", 'echo "$*" >> "$0.log"')
    program("nginx", "exit 0")
    program("nbdkit", "exit 0")
    for name in MODULES:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()

    peers.prepare(tmp_path)

    assert not apt.with_name("apt-get.log").exists()


@pytest.mark.usefixtures("path")
def test_what_cannot_be_installed_is_told_and_does_not_stop_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    peers.prepare(tmp_path)

    told = capsys.readouterr().out
    assert [line.split()[0] for line in told.splitlines()] == list(PACKAGES)
    assert "`sudo apt-get install nginx`" in told
