"""Threads that know for which request or task they work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class ContextThreads(ThreadPoolExecutor):
    """A pool of threads that work in the context of whoever asked them to.

    So their log lines, spans and sums are those of the same task.
    """

    def submit(
        self,
        fn: Callable[_Arguments, _Result],
        /,
        *args: _Arguments.args,
        **kwargs: _Arguments.kwargs,
    ) -> Future[_Result]:
        """Have a thread call the function."""
        return super().submit(partial(copy_context().run, fn, *args, **kwargs))


def context_thread(
    work: Callable[_Arguments, object],
    *args: _Arguments.args,
    **kwargs: _Arguments.kwargs,
) -> threading.Thread:
    """A thread, not started yet, that works in the context of whoever makes it.

    The process does not wait for its end.
    """
    run = partial(copy_context().run, work, *args, **kwargs)
    return threading.Thread(target=run, daemon=True)
