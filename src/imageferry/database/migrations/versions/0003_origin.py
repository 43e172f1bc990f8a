"""Where a task comes from: the request that asked for it, and the trace it belongs to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; tasks that are there already, and those of older processes, have none."""
    op.add_column("tasks", sa.Column("request_id", sa.String(length=36)))
    op.add_column("tasks", sa.Column("trace_parent", sa.String(length=55)))
