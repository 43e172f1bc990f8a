"""An index by which tasks that have ended are found by their age."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_tasks_account_id_finished", "tasks", ["account_id", "finished"])
