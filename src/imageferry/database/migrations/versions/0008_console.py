"""What the console shows: how far each disk is, a worker's lines, the Explorer's calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from imageferry.database.metadata import Sequence, Timestamp

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the tables."""
    for name in ("bytes_done", "bytes_total"):
        op.add_column(
            "task_disks", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
        )
    op.create_table(
        "task_lines",
        sa.Column("sequence", Sequence, autoincrement=True, nullable=False),
        sa.Column("task_id", sa.String(length=32), nullable=False),
        sa.Column("time", Timestamp(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("event", sa.String(length=128), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["tasks.task_id"],
            name=op.f("fk_task_lines_task_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_task_lines")),
    )
    op.create_index("ix_task_lines_task_id_sequence", "task_lines", ["task_id", "sequence"])
    op.create_table(
        "explored_calls",
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("time", Timestamp(), nullable=False),
        sa.Column("product", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_explored_calls_account_id")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_explored_calls")),
    )
    op.create_index("ix_explored_calls_account_id_time", "explored_calls", ["account_id", "time"])
