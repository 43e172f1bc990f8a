"""What tells one installation from another: an id of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table that has it; the next start chooses it."""
    op.create_table(
        "installation",
        sa.Column("installation_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("installation_id", name=op.f("pk_installation")),
    )
