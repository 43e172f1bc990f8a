"""The first schema: accounts, tasks and images."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from imageferry.database.metadata import Sequence, Timestamp

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    _accounts()
    _failed_calls()
    _images()
    _snapshots_and_tags()
    _tasks()


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("created", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_accounts")),
    )
    op.create_table(
        "client_tokens",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("created", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "action", "token", name=op.f("pk_client_tokens")),
    )
    op.create_table(
        "nonces",
        sa.Column("access_key_id", sa.String(length=128), nullable=False),
        sa.Column("nonce", sa.String(length=256), nullable=False),
        sa.Column("expires", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("access_key_id", "nonce", name=op.f("pk_nonces")),
    )
    op.create_index(op.f("ix_nonces_expires"), "nonces", ["expires"], unique=False)
    op.create_table(
        "access_keys",
        sa.Column("access_key_id", sa.String(length=128), nullable=False),
        sa.Column("secret", sa.String(length=256), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("security_token", sa.String(length=2048), nullable=True),
        sa.Column("expires", Timestamp(), nullable=True),
        sa.Column("role_name", sa.String(length=64), nullable=True),
        sa.Column("role_session_name", sa.String(length=64), nullable=True),
        sa.Column("created", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_access_keys_account_id")
        ),
        sa.PrimaryKeyConstraint("access_key_id", name=op.f("pk_access_keys")),
    )
    op.create_index(op.f("ix_access_keys_expires"), "access_keys", ["expires"], unique=False)
    op.create_table(
        "bearer_tokens",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("created", Timestamp(), nullable=False),
        sa.Column("expires", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_bearer_tokens_account_id")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_bearer_tokens")),
    )
    op.create_index(op.f("ix_bearer_tokens_expires"), "bearer_tokens", ["expires"], unique=False)
    _roles()


def _failed_calls() -> None:
    op.create_table(
        "failed_calls",
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("time", Timestamp(), nullable=False),
        sa.Column("access_key_id", sa.String(length=128), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=128), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("recommend", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_failed_calls_account_id")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_failed_calls")),
    )
    op.create_index(
        op.f("ix_failed_calls_account_id_time"),
        "failed_calls",
        ["account_id", "time"],
        unique=False,
    )
    op.create_index(op.f("ix_failed_calls_time"), "failed_calls", ["time"], unique=False)


def _roles() -> None:
    op.create_table(
        "roles",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("role_name", sa.String(length=64), nullable=False),
        sa.Column("role_id", sa.String(length=32), nullable=False),
        sa.Column("description", sa.String(length=1024), nullable=False),
        sa.Column("assume_role_policy_document", sa.Text(), nullable=False),
        sa.Column("max_session_duration", sa.Integer(), nullable=False),
        sa.Column("created", Timestamp(), nullable=False),
        sa.Column("updated", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_roles_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "role_name", name=op.f("pk_roles")),
    )
    op.create_table(
        "role_policies",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("role_name", sa.String(length=64), nullable=False),
        sa.Column("policy_name", sa.String(length=128), nullable=False),
        sa.Column("attached", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "role_name"],
            ["roles.account_id", "roles.role_name"],
            name=op.f("fk_role_policies_account_id_role_name"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "account_id", "role_name", "policy_name", name=op.f("pk_role_policies")
        ),
    )


def _images() -> None:
    op.create_table(
        "images",
        sa.Column("image_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("region_id", sa.String(length=64), nullable=False),
        sa.Column("task_id", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("description", sa.String(length=256), nullable=False),
        sa.Column("architecture", sa.String(length=16), nullable=False),
        sa.Column("os_type", sa.String(length=16), nullable=False),
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("boot_mode", sa.String(length=16), nullable=False),
        sa.Column("license_type", sa.String(length=16), nullable=False),
        sa.Column("nvme_support", sa.String(length=16), nullable=False),
        sa.Column("imds_support", sa.String(length=16), nullable=False),
        sa.Column("resource_group_id", sa.String(length=64), nullable=False),
        sa.Column("image_family", sa.String(length=128), nullable=False),
        sa.Column("copied_from", sa.String(length=32), nullable=False),
        sa.Column("detection_strategy", sa.String(length=16), nullable=False),
        sa.Column("cloud_init", sa.Boolean(), nullable=False),
        sa.Column("created", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_images_account_id")
        ),
        sa.PrimaryKeyConstraint("image_id", name=op.f("pk_images")),
    )
    op.create_index(
        "ix_images_account_id_region_id_created",
        "images",
        ["account_id", "region_id", "created"],
        unique=False,
    )
    op.create_index(
        "ix_images_account_id_region_id_name",
        "images",
        ["account_id", "region_id", "name"],
        unique=False,
    )
    op.create_index(op.f("ix_images_copied_from"), "images", ["copied_from"], unique=False)
    op.create_table(
        "image_disks",
        sa.Column("image_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("snapshot_id", sa.String(length=32), nullable=False),
        sa.Column("source_bucket", sa.String(length=64), nullable=False),
        sa.Column("source_object", sa.String(length=1024), nullable=False),
        sa.Column("source_etag", sa.String(length=128), nullable=False),
        sa.Column("source_size", sa.BigInteger(), nullable=False),
        sa.Column("expected_sha256", sa.String(length=64), nullable=False),
        sa.Column("source_sha256", sa.String(length=64), nullable=False),
        sa.Column("declared_format", sa.String(length=16), nullable=False),
        sa.Column("source_format", sa.String(length=16), nullable=False),
        sa.Column("size_gib", sa.Integer(), nullable=False),
        sa.Column("virtual_size", sa.BigInteger(), nullable=False),
        sa.Column("stored_size", sa.BigInteger(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("content_crc32", sa.BigInteger(), nullable=True),
        sa.Column("detection", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"],
            ["images.image_id"],
            name=op.f("fk_image_disks_image_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("image_id", "position", name=op.f("pk_image_disks")),
    )
    op.create_index(
        op.f("ix_image_disks_snapshot_id"), "image_disks", ["snapshot_id"], unique=False
    )
    op.create_table(
        "image_shares",
        sa.Column("image_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("shared", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"],
            ["images.image_id"],
            name=op.f("fk_image_shares_image_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_image_shares_account_id")
        ),
        sa.PrimaryKeyConstraint("image_id", "account_id", name=op.f("pk_image_shares")),
    )
    op.create_index(
        op.f("ix_image_shares_account_id"), "image_shares", ["account_id"], unique=False
    )


def _snapshots_and_tags() -> None:
    op.create_table(
        "snapshots",
        sa.Column("snapshot_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("region_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_snapshots_account_id")
        ),
        sa.PrimaryKeyConstraint("snapshot_id", name=op.f("pk_snapshots")),
    )
    op.create_table(
        "tags",
        sa.Column("resource_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("value", sa.String(length=128), nullable=False),
        sa.Column("resource_type", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("region_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_tags_account_id")
        ),
        sa.PrimaryKeyConstraint("resource_id", "key", name=op.f("pk_tags")),
    )
    op.create_index(
        "ix_tags_account_id_region_id_key", "tags", ["account_id", "region_id", "key"], unique=False
    )


def _tasks() -> None:
    op.create_table(
        "task_lists",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("newest_sequence", sa.BigInteger(), nullable=False),
        sa.Column("begun", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "fingerprint", name=op.f("pk_task_lists")),
    )
    op.create_table(
        "tasks",
        sa.Column("sequence", Sequence, autoincrement=True, nullable=False),
        sa.Column("task_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("region_id", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("resource_id", sa.String(length=32), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("created", Timestamp(), nullable=False),
        sa.Column("started", Timestamp(), nullable=True),
        sa.Column("finished", Timestamp(), nullable=True),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("bytes_done", sa.BigInteger(), nullable=False),
        sa.Column("bytes_total", sa.BigInteger(), nullable=False),
        sa.Column("bytes_per_second", sa.BigInteger(), nullable=False),
        sa.Column("last_progress", Timestamp(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("error_code", sa.String(length=128), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=False),
        sa.Column("cancel_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_tasks_account_id")
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_tasks")),
        sa.UniqueConstraint("task_id", name=op.f("uq_tasks_task_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_tasks_account_id_region_id_sequence",
        "tasks",
        ["account_id", "region_id", "sequence"],
        unique=False,
    )
    op.create_index("ix_tasks_resource_id_status", "tasks", ["resource_id", "status"], unique=False)
    op.create_index("ix_tasks_status_sequence", "tasks", ["status", "sequence"], unique=False)
    op.create_table(
        "task_disks",
        sa.Column("task_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("error_code", sa.String(length=128), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=False),
        sa.Column("related_items", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.task_id"], name=op.f("fk_task_disks_task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "position", name=op.f("pk_task_disks")),
    )
    op.create_table(
        "task_events",
        sa.Column("sequence", Sequence, autoincrement=True, nullable=False),
        sa.Column("task_id", sa.String(length=32), nullable=False),
        sa.Column("time", Timestamp(), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.task_id"], name=op.f("fk_task_events_task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_task_events")),
    )
    op.create_index(op.f("ix_task_events_task_id"), "task_events", ["task_id"], unique=False)
    op.create_table(
        "task_samples",
        sa.Column("task_id", sa.String(length=32), nullable=False),
        sa.Column("time", Timestamp(), nullable=False),
        sa.Column("bytes_per_second", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.task_id"], name=op.f("fk_task_samples_task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "time", name=op.f("pk_task_samples")),
    )
