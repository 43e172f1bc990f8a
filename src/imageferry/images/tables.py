"""The tables of images: a row an image, its disks, its shares; snapshots, and the tags of both."""

from __future__ import annotations

import sqlalchemy as sa

from imageferry.database.metadata import Timestamp, metadata

_KEEPS_ITS_NAME = sa.text("status != 'CreateFailed'")

images = sa.Table(
    "images",
    metadata,
    sa.Column("image_id", sa.String(32), primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.account_id"), nullable=False),
    sa.Column("region_id", sa.String(64), nullable=False),
    sa.Column("task_id", sa.String(32), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("description", sa.String(256), nullable=False),
    sa.Column("architecture", sa.String(16), nullable=False),
    sa.Column("os_type", sa.String(16), nullable=False),
    sa.Column("platform", sa.String(64), nullable=False),
    sa.Column("boot_mode", sa.String(16), nullable=False),
    sa.Column("license_type", sa.String(16), nullable=False),
    sa.Column("nvme_support", sa.String(16), nullable=False),
    sa.Column("imds_support", sa.String(16), nullable=False),
    sa.Column("resource_group_id", sa.String(64), nullable=False),
    sa.Column("image_family", sa.String(128), nullable=False),
    sa.Column("copied_from", sa.String(32), nullable=False, index=True),
    sa.Column("detection_strategy", sa.String(16), nullable=False),
    sa.Column("cloud_init", sa.Boolean, nullable=False),
    sa.Column("created", Timestamp, nullable=False),
    sa.Index("ix_images_account_id_region_id_created", "account_id", "region_id", "created"),
    sa.Index("ix_images_account_id_region_id_name", "account_id", "region_id", "name"),
    sa.Index(
        "uq_images_account_id_region_id_name",
        *("account_id", "region_id", "name"),
        unique=True,
        sqlite_where=_KEEPS_ITS_NAME,
        postgresql_where=_KEEPS_ITS_NAME,
    ),
)

image_disks = sa.Table(
    "image_disks",
    metadata,
    sa.Column("image_id", sa.ForeignKey("images.image_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("device", sa.String(32), nullable=False),
    sa.Column("snapshot_id", sa.String(32), nullable=False, index=True),
    sa.Column("source_bucket", sa.String(64), nullable=False),
    sa.Column("source_object", sa.String(1024), nullable=False),
    sa.Column("source_etag", sa.String(128), nullable=False),
    sa.Column("source_size", sa.BigInteger, nullable=False),
    sa.Column("expected_sha256", sa.String(64), nullable=False),
    sa.Column("source_sha256", sa.String(64), nullable=False),
    sa.Column("declared_format", sa.String(16), nullable=False),
    sa.Column("source_format", sa.String(16), nullable=False),
    sa.Column("size_gib", sa.Integer, nullable=False),
    sa.Column("virtual_size", sa.BigInteger, nullable=False),
    sa.Column("stored_size", sa.BigInteger, nullable=False),
    sa.Column("content_hash", sa.String(64), nullable=False),
    sa.Column("content_crc32", sa.BigInteger),
    sa.Column("detection", sa.JSON, nullable=False),
)

image_shares = sa.Table(
    "image_shares",
    metadata,
    sa.Column("image_id", sa.ForeignKey("images.image_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.account_id"), primary_key=True, index=True),
    sa.Column("shared", Timestamp, nullable=False),
)

snapshots = sa.Table(
    "snapshots",
    metadata,
    sa.Column("snapshot_id", sa.String(32), primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.account_id"), nullable=False),
    sa.Column("region_id", sa.String(64), nullable=False),
)

tags = sa.Table(
    "tags",
    metadata,
    sa.Column("resource_id", sa.String(32), primary_key=True),
    sa.Column("key", sa.String(128), primary_key=True),
    sa.Column("value", sa.String(128), nullable=False),
    sa.Column("resource_type", sa.String(16), nullable=False),
    sa.Column("account_id", sa.ForeignKey("accounts.account_id"), nullable=False),
    sa.Column("region_id", sa.String(64), nullable=False),
    sa.Index("ix_tags_account_id_region_id_key", "account_id", "region_id", "key"),
)
