"""The hash of a disk's content is made of BLAKE3 digests, and named for what it is of."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rename the column, and forget hashes that were made another way."""
    op.execute("ALTER TABLE image_disks RENAME COLUMN content_sha256 TO content_hash")
    op.execute("UPDATE image_disks SET content_hash = ''")
