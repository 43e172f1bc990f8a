"""OpenStack Glance's task list: another service of this kind with tasks and pages of them.

It runs as its makers tell, under a WSGI server with two processes, with its rows in SQLite and
without authentication, which its list would otherwise spend time on.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from support.service import until

PACKAGES = ("glance==33.0.0", "gunicorn==27.0.1")
FOLDER = Path(".venv-glance")
"""An environment of its own, made on first use: its packages do not go with the project's."""

START_SECONDS = 120.0
WORKERS = 2

_SETTINGS = """[DEFAULT]
enabled_backends = files:file
[database]
connection = sqlite:///{folder}/glance.db
[glance_store]
default_backend = files
[files]
filesystem_store_datadir = {folder}
[paste_deploy]
config_file = {paste}
[oslo_policy]
policy_file = {folder}/policy.yaml
"""

_POLICY = '"tasks_api_access": ""\n"get_tasks": ""\n'

_INSERT = """WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers
    WHERE n < ?) INSERT INTO tasks (id, type, status, owner, created_at, updated_at, deleted)
    SELECT printf('%08x-0000-4000-8000-000000000000', n), 'import', 'success', 'owner',
    datetime('2026-01-01', '+' || n || ' minutes'), datetime('2026-01-01'), 0 FROM numbers"""


@contextmanager
def glance(folder: Path, tasks: int) -> Iterator[tuple[str, int]]:
    """Run the service with so many tasks; the address of its list, and its process.

    Args:
        folder: An empty folder for its files.
        tasks: How many tasks it has.

    Raises:
        CalledProcessError: it cannot be installed.
    """
    programs = _installed()
    paste = programs.parent / "etc" / "glance" / "glance-api-paste.ini"
    settings = folder / "glance-api.conf"
    settings.write_text(_SETTINGS.format(folder=folder, paste=paste.absolute()))
    (folder / "policy.yaml").write_text(_POLICY)
    with (folder / "glance.log").open("wb") as log:
        command = (programs / "glance-manage", "--config-file", settings, "db_sync")
        subprocess.run(command, check=True, stdout=log, stderr=log)
        with sqlite3.connect(folder / "glance.db") as database:
            database.execute(_INSERT, (tasks,))
        database.close()
        address = f"127.0.0.1:{_free_port()}"
        server = subprocess.Popen(
            [
                *(programs / "gunicorn", "--worker-class", "gthread", "--threads", "8"),
                *("--workers", str(WORKERS), "--bind", address, "glance.wsgi.api:application"),
            ],
            env={**os.environ, "OS_GLANCE_CONFIG_DIR": str(folder)},
            stdout=log,
            stderr=log,
        )
        try:
            url = f"http://{address}/v2/tasks"
            until(lambda: _answers(url), START_SECONDS, "The start of Glance")
            yield url, server.pid
        finally:
            server.terminate()
            server.wait()


def _installed() -> Path:
    """The folder of its programs."""
    programs = FOLDER / "bin"
    if not (programs / "gunicorn").exists():
        uv = (sys.executable, "-m", "uv")
        subprocess.run([*uv, "venv", "--quiet", "--clear", str(FOLDER)], check=True)
        python = str(programs / "python")
        subprocess.run(
            [*uv, "pip", "install", "--quiet", "--python", python, *PACKAGES], check=True
        )
    return programs.absolute()


def _answers(url: str) -> bool:
    with suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(url) as reply:
        return bool(reply.status)
    return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
