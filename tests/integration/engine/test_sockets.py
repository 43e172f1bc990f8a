"""Sockets that killed workers left are found and removed, and no others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from imageferry.imaging import nbd
from imageferry.imaging.nbd import NbdServer
from imageferry.imaging.source import FileSource

SERVE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from imageferry.imaging.nbd import NbdServer
from imageferry.imaging.source import FileSource
NbdServer(FileSource(Path(sys.argv[1]))).open()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "disk.raw"
    path.write_bytes(bytes(4096))
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def _sockets(folder: Path) -> list[Path]:
    return sorted(folder.glob("imageferry-nbd-*"))


def _make_older(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def test_the_socket_of_a_killed_process_is_removed(folder: Path, source: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", SERVE_AND_DIE, source], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = _sockets(folder)
    _make_older(left, 1)

    assert nbd.sweep() == 1

    assert _sockets(folder) == []


def test_the_socket_of_a_server_that_runs_stays(folder: Path, source: Path) -> None:
    with FileSource(source) as bytes_of_disk, NbdServer(bytes_of_disk) as server:
        _make_older(server.path.parent, 3600)

        assert nbd.sweep() == 0

        assert server.path.exists()


def test_the_folder_of_a_server_that_does_not_listen_yet_stays(folder: Path, source: Path) -> None:
    with FileSource(source) as bytes_of_disk:
        server = NbdServer(bytes_of_disk)
        _make_older(server.path.parent, 3600)
        assert nbd.sweep() == 0
        server.close()

    assert _sockets(folder) == []


def test_the_folder_of_a_process_that_died_before_it_listened_is_removed(folder: Path) -> None:
    _make_older(Path(tempfile.mkdtemp(prefix="imageferry-nbd-")), 1)

    assert nbd.sweep() == 1


def test_a_folder_that_was_just_made_stays(folder: Path) -> None:
    tempfile.mkdtemp(prefix="imageferry-nbd-")

    assert nbd.sweep() == 0
