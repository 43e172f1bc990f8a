"""The virtual environment with the packages that the lock files pin."""

import hashlib
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from installation import apt
from installation.commands import SetupError, run, say, succeeds

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"

PROFILES = {
    "run": ("run.lock", "sample.lock"),
    "test": ("test.lock", "sample.lock"),
    "bench": ("test.lock", "sample.lock"),
    "cluster": ("test.lock", "sample.lock"),
}

# What builds the project and the few packages that come as source alone. It is
# installed first, so that nothing unpinned is fetched for a build.
BUILD_LOCK = "build.lock"


@dataclass(frozen=True)
class Environment:
    """The virtual environment of the working copy at ``root``."""

    root: Path

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def site_packages(self) -> Path:
        """Where its packages lie."""
        return self.folder / "lib" / PYTHON / "site-packages"

    def prepare(self, profile: str) -> None:
        """Install what a profile needs, unless it is there already.

        Raises:
            SetupError: it cannot be installed.
        """
        if self.has(profile):
            return
        self._create()
        say(f"Installing the Python packages for `make {profile}` (a minute or two)...")
        if not (self._install_packages(profile) and self._install_project()):
            raise SetupError(
                "The Python packages could not be installed, for the reason above: check the "
                "network and the free disk space, then run make again."
            )
        self._stamp(profile).write_text(self._digest(profile))

    def has(self, profile: str) -> bool:
        """Whether all that the profile needs is installed. The tests' packages hold the rest."""
        return self._is_ours() and any(
            _text(self._stamp(candidate)) == self._digest(candidate)
            for candidate in {profile, "test"}
        )

    def install_lock(self, *names: str) -> bool:
        """Whether the packages of the lock files could be installed."""
        files = [word for name in names for word in ("-r", str(self._lock(name)))]
        return self._pip("install", "--require-hashes", "--no-deps", *_BUILD_HERE, *files)

    def uninstall(self, package: str) -> bool:
        """Whether the package could be taken away."""
        return self._pip("uninstall", "--yes", package)

    def _install_packages(self, profile: str) -> bool:
        return self.install_lock(BUILD_LOCK) and self.install_lock(*PROFILES[profile])

    def _install_project(self) -> bool:
        return self._pip("install", "--no-deps", *_BUILD_HERE, "--editable", str(self.root))

    def _pip(self, command: str, *arguments: str) -> bool:
        return run(
            *(str(self.python), "-m", "pip", "--quiet", "--no-input"),
            *("--disable-pip-version-check", command, *arguments),
        )

    def _create(self) -> None:
        if self._is_ours():
            return
        _require_ensurepip()
        say("Making a virtual environment in .venv...")
        if not run(sys.executable, "-m", "venv", "--clear", str(self.folder)):
            shutil.rmtree(self.folder, ignore_errors=True)
            raise SetupError(
                "The virtual environment could not be made, for the reason above: mend that, "
                "then run make again."
            )
        self._owner_file().write_text(self._owner())

    def _is_ours(self) -> bool:
        return self.python.exists() and _text(self._owner_file()) == self._owner()

    def _owner(self) -> str:
        """What a virtual environment cannot be moved away from: its folder and its Python."""
        return f"{self.root} {sys.base_prefix} {PYTHON}"

    def _owner_file(self) -> Path:
        return self.folder / "imageferry-owner"

    def _stamp(self, profile: str) -> Path:
        return self.folder / f"imageferry-{profile}"

    def _digest(self, profile: str) -> str:
        digest = hashlib.sha256()
        locks = [self._lock(name) for name in (BUILD_LOCK, *PROFILES[profile])]
        for path in (*locks, self.root / "pyproject.toml"):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def _lock(self, name: str) -> Path:
        return self.root / "requirements" / name


_BUILD_HERE = ("--no-build-isolation", "--use-pep517")


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def _require_ensurepip() -> None:
    """Debian keeps the part of venv that brings pip in a package of its own."""
    if _has_ensurepip():
        return
    package = f"{PYTHON}-venv"
    if apt.install(package) and _has_ensurepip():
        return
    raise SetupError(
        f"Python's venv module is incomplete and could not be completed: install {package} "
        f"(Debian and Ubuntu: `sudo apt-get install {package}`), then run make again."
    )


def _has_ensurepip() -> bool:
    return succeeds(sys.executable, "-c", "import ensurepip")
