"""The line of tasks that wait to be given to a worker, and whose turn it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; tasks that are there already, and those of older processes, are not queued.

    The engine has been given all of them.
    """
    op.add_column(
        "tasks", sa.Column("queued", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("tasks", sa.Column("priority", sa.Integer(), server_default="5", nullable=False))
    op.create_index(
        "ix_tasks_queued",
        "tasks",
        ["status", "account_id", "priority", "sequence"],
        sqlite_where=sa.text("queued = 1"),
        postgresql_where=sa.text("queued"),
    )
    op.create_index(
        "ix_tasks_running",
        "tasks",
        ["account_id", "status"],
        sqlite_where=sa.text("queued = 0 AND finished IS NULL"),
        postgresql_where=sa.text("NOT queued AND finished IS NULL"),
    )
    op.create_table(
        "account_turns",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
            name=op.f("fk_account_turns_account_id"),
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_turns")),
    )
    op.create_index(op.f("ix_account_turns_turn"), "account_turns", ["turn"])
