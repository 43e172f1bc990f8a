"""Structured logs: a line of JSON an event, on standard error.

Lines of our own and those of libraries look alike, and carry the request or the task that
they belong to: whoever answers a request or works on a task binds its ids in the context.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from imageferry.telemetry.kept_lines import LINES

_ENGINE = "dbos"
"""A library that would write lines of a kind of its own, unless its logger has a handler."""

_SECRET = re.compile(
    r"(?P<name>signature|credential|accesskeyid|accesskeysecret|security-?token|password)"
    r"(?P<equals>=|%3D|(?:\\?\")?:\s*(?:\\?\"))[^\s&\"\\]+"
    r"|(?P<user>://[^\s:/@\"]+:)[^\s/@\"]+@",
    re.IGNORECASE,
)

_MARKS = ("=", "://", "%3D", '\\"')
"""Without any of these in a line, none of the expression can be: a quick look for most lines."""

_render = structlog.processors.JSONRenderer()
_of_process: dict[str, str] = {}


def set_up(level: str) -> None:
    """Write events of that level and above."""
    least = logging.getLevelName(level.upper())
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _with_process,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    written: list[Processor] = [
        structlog.processors.format_exc_info,
        _rendered,
    ]
    structlog.configure(
        processors=[*common, LINES, *written],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *written],
        )
    )
    least_of_libraries = max(logging.WARNING, least)
    # The engine chooses the level of its logger anew when it is launched.
    handler.setLevel(least_of_libraries)
    for name in ("", _ENGINE):
        logging.getLogger(name).handlers = [handler]
        logging.getLogger(name).setLevel(least_of_libraries)
    logging.getLogger(_ENGINE).propagate = False


def name_process(**values: str) -> None:
    """Have every line of this process carry values, whatever it is about."""
    _of_process.update(values)


@contextmanager
def about(**values: str | int | None) -> Iterator[None]:
    """Have the lines of this block, and of threads that it starts, carry values; None is left out.

    See :mod:`imageferry.telemetry.threads`.
    """
    before = structlog.contextvars.get_contextvars()
    known = {name: value for name, value in values.items() if value is not None}
    structlog.contextvars.bind_contextvars(**known)
    try:
        yield
    finally:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(**before)


def note(**values: str) -> None:
    """Have the lines that follow in the present block carry values that are known only now."""
    structlog.contextvars.bind_contextvars(**values)


def first_line(error: Exception) -> str:
    """What an error says: those of the database add their statement and a link to it."""
    return str(error).partition("\n")[0]


def without_secrets(line: str) -> str:
    """A line without signatures and passwords, whatever library has put them into its error."""
    may_have_one = any(mark in line for mark in _MARKS)
    return _SECRET.sub(_covered, line) if may_have_one else line


def _rendered(logger: WrappedLogger, method: str, event: EventDict) -> str:
    line = _render(logger, method, event)
    return without_secrets(line if isinstance(line, str) else line.decode())


def _covered(found: re.Match[str]) -> str:
    if found["user"]:
        return f"{found['user']}(not shown)@"
    return f"{found['name']}{found['equals']}(not shown)"


def _with_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {**_of_process, **event}
