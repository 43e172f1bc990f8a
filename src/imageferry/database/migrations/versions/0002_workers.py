"""Many workers: who they are, and that no name of an image is given twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from imageferry.database.metadata import Timestamp

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of workers, and the rule of names."""
    op.create_table(
        "workers",
        sa.Column("executor", sa.String(length=128), nullable=False),
        sa.Column("engine_version", sa.String(length=16), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("started", Timestamp(), nullable=False),
        sa.Column("beats", sa.BigInteger(), nullable=False),
        sa.Column("last_beat", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("executor", name=op.f("pk_workers")),
    )
    kept = sa.text("status != 'CreateFailed'")
    op.create_index(
        "uq_images_account_id_region_id_name",
        "images",
        ["account_id", "region_id", "name"],
        unique=True,
        sqlite_where=kept,
        postgresql_where=kept,
    )
