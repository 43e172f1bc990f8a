"""What operators see of the database's failures."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext

from imageferry.telemetry import metrics


def count_failures(engine: sa.Engine, kinds: tuple[type[Exception], ...]) -> None:
    """Count the statements and connections that end in an error of some kinds."""

    @event.listens_for(engine, "handle_error")
    def count(context: ExceptionContext) -> None:
        error = context.sqlalchemy_exception
        if isinstance(error, kinds):
            metrics.DATABASE_FAILURES.labels(type(error).__name__).inc()
