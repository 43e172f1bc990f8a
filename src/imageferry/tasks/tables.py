"""The tables of tasks: one row a task, its disks, events and rates, and lists in progress."""

from __future__ import annotations

import sqlalchemy as sa

from imageferry.database.metadata import Sequence, Timestamp, metadata

tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("sequence", Sequence, primary_key=True, autoincrement=True),
    sa.Column("task_id", sa.String(32), nullable=False, unique=True),
    sa.Column("account_id", sa.ForeignKey("accounts.account_id"), nullable=False),
    sa.Column("region_id", sa.String(64), nullable=False),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("resource_id", sa.String(32), nullable=False),
    sa.Column("request", sa.JSON, nullable=False),
    sa.Column("created", Timestamp, nullable=False),
    sa.Column("started", Timestamp),
    sa.Column("finished", Timestamp),
    sa.Column("phase", sa.String(16), nullable=False),
    sa.Column("percent", sa.Integer, nullable=False),
    sa.Column("bytes_done", sa.BigInteger, nullable=False),
    sa.Column("bytes_total", sa.BigInteger, nullable=False),
    sa.Column("bytes_per_second", sa.BigInteger, nullable=False),
    sa.Column("last_progress", Timestamp),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("owner", sa.String(64)),
    sa.Column("error_code", sa.String(128), nullable=False),
    sa.Column("error_message", sa.Text, nullable=False),
    sa.Column("cancel_reason", sa.Text, nullable=False),
    sa.Column("pause_reason", sa.Text, nullable=False, server_default=""),
    sa.Column("hand_over", sa.Integer, nullable=False, server_default="1"),
    sa.Column("parked", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("queued", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("priority", sa.Integer, nullable=False, server_default="5"),
    sa.Column("request_id", sa.String(36)),
    sa.Column("trace_parent", sa.String(55)),
    sa.Index("ix_tasks_account_id_region_id_sequence", "account_id", "region_id", "sequence"),
    sa.Index(
        "ix_tasks_account_id_region_id_action_status_sequence",
        *("account_id", "region_id", "action", "status", "sequence"),
    ),
    sa.Index("ix_tasks_resource_id_status", "resource_id", "status"),
    sa.Index("ix_tasks_account_id_finished", "account_id", "finished"),
    sa.Index("ix_tasks_status_sequence", "status", "sequence"),
    sa.Index(
        "ix_tasks_queued",
        *("status", "account_id", "priority", "sequence"),
        sqlite_where=sa.text("queued = 1"),
        postgresql_where=sa.text("queued"),
    ),
    sa.Index(
        "ix_tasks_running",
        *("account_id", "status"),
        sqlite_where=sa.text("queued = 0 AND finished IS NULL"),
        postgresql_where=sa.text("NOT queued AND finished IS NULL"),
    ),
    sqlite_autoincrement=True,
)

task_disks = sa.Table(
    "task_disks",
    metadata,
    sa.Column("task_id", sa.ForeignKey("tasks.task_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("error_code", sa.String(128), nullable=False),
    sa.Column("error_message", sa.Text, nullable=False),
    sa.Column("related_items", sa.JSON, nullable=False),
    sa.Column("bytes_done", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("bytes_total", sa.BigInteger, nullable=False, server_default="0"),
)

task_events = sa.Table(
    "task_events",
    metadata,
    sa.Column("sequence", Sequence, primary_key=True, autoincrement=True),
    sa.Column(
        "task_id", sa.ForeignKey("tasks.task_id", ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("time", Timestamp, nullable=False),
    sa.Column("event", sa.String(32), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)

task_lines = sa.Table(
    "task_lines",
    metadata,
    sa.Column("sequence", Sequence, primary_key=True, autoincrement=True),
    sa.Column("task_id", sa.ForeignKey("tasks.task_id", ondelete="CASCADE"), nullable=False),
    sa.Column("time", Timestamp, nullable=False),
    sa.Column("level", sa.String(16), nullable=False),
    sa.Column("event", sa.String(128), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Index(None, "task_id", "sequence"),
)

task_samples = sa.Table(
    "task_samples",
    metadata,
    sa.Column("task_id", sa.ForeignKey("tasks.task_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("time", Timestamp, primary_key=True),
    sa.Column("bytes_per_second", sa.BigInteger, nullable=False),
)

task_checkpoints = sa.Table(
    "task_checkpoints",
    metadata,
    sa.Column("task_id", sa.ForeignKey("tasks.task_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", sa.LargeBinary, nullable=False),
)

account_turns = sa.Table(
    "account_turns",
    metadata,
    sa.Column("account_id", sa.ForeignKey("accounts.account_id"), primary_key=True),
    sa.Column("turn", sa.BigInteger, nullable=False, index=True),
)
"""When a task of each account was taken up last; see ``waiting``."""

task_lists = sa.Table(
    "task_lists",
    metadata,
    sa.Column("account_id", sa.String(32), primary_key=True),
    sa.Column("fingerprint", sa.String(64), primary_key=True),
    sa.Column("newest_sequence", sa.BigInteger, nullable=False),
    sa.Column("begun", Timestamp, nullable=False),
)

task_blocks = sa.Table(
    "task_blocks",
    metadata,
    sa.Column("account_id", sa.String(32), primary_key=True),
    sa.Column("region_id", sa.String(64), primary_key=True),
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("block", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("action", sa.String(32), primary_key=True),
    sa.Column("status", sa.String(16), primary_key=True),
    sa.Column("tasks", sa.BigInteger, nullable=False),
    sa.Column("oldest", Timestamp, nullable=False),
    sa.Column("newest", Timestamp, nullable=False),
    sqlite_with_rowid=False,
)
"""How many tasks there are in each block of sequences, and between which moments they were made.

Triggers of the database keep it. A block of level n has the sequences that are the same but for
their last n bits.
"""
