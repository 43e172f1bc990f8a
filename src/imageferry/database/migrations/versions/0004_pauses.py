"""Tasks that are paused: why, and whether the engine has them still."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what they say without a word is true of every task of older processes."""
    op.add_column("tasks", sa.Column("pause_reason", sa.Text(), server_default="", nullable=False))
    op.add_column("tasks", sa.Column("hand_over", sa.Integer(), server_default="1", nullable=False))
    op.add_column(
        "tasks", sa.Column("parked", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
