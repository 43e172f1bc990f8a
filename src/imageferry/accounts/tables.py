"""The tables of accounts, their keys and roles, and what their requests leave behind."""

from __future__ import annotations

import sqlalchemy as sa

from imageferry.database.metadata import Timestamp, metadata

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("account_id", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("created", Timestamp, nullable=False),
)

access_keys = sa.Table(
    "access_keys",
    metadata,
    sa.Column("access_key_id", sa.String(128), primary_key=True),
    sa.Column("secret", sa.String(256), nullable=False),
    sa.Column("account_id", sa.ForeignKey("accounts.account_id"), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("security_token", sa.String(2048)),
    sa.Column("expires", Timestamp, index=True),
    sa.Column("role_name", sa.String(64)),
    sa.Column("role_session_name", sa.String(64)),
    sa.Column("created", Timestamp, nullable=False),
)

bearer_tokens = sa.Table(
    "bearer_tokens",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.account_id"), nullable=False),
    sa.Column("created", Timestamp, nullable=False),
    sa.Column("expires", Timestamp, nullable=False, index=True),
)

roles = sa.Table(
    "roles",
    metadata,
    sa.Column("account_id", sa.ForeignKey("accounts.account_id"), primary_key=True),
    sa.Column("role_name", sa.String(64), primary_key=True),
    sa.Column("role_id", sa.String(32), nullable=False),
    sa.Column("description", sa.String(1024), nullable=False),
    sa.Column("assume_role_policy_document", sa.Text, nullable=False),
    sa.Column("max_session_duration", sa.Integer, nullable=False),
    sa.Column("created", Timestamp, nullable=False),
    sa.Column("updated", Timestamp, nullable=False),
)

role_policies = sa.Table(
    "role_policies",
    metadata,
    sa.Column("account_id", sa.String(32), primary_key=True),
    sa.Column("role_name", sa.String(64), primary_key=True),
    sa.Column("policy_name", sa.String(128), primary_key=True),
    sa.Column("attached", Timestamp, nullable=False),
    sa.ForeignKeyConstraint(
        ["account_id", "role_name"], ["roles.account_id", "roles.role_name"], ondelete="CASCADE"
    ),
)

nonces = sa.Table(
    "nonces",
    metadata,
    sa.Column("access_key_id", sa.String(128), primary_key=True),
    sa.Column("nonce", sa.String(256), primary_key=True),
    sa.Column("expires", Timestamp, nullable=False, index=True),
)

client_tokens = sa.Table(
    "client_tokens",
    metadata,
    sa.Column("account_id", sa.String(32), primary_key=True),
    sa.Column("action", sa.String(64), primary_key=True),
    sa.Column("token", sa.String(64), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("answer", sa.JSON, nullable=False),
    sa.Column("created", Timestamp, nullable=False),
)

failed_calls = sa.Table(
    "failed_calls",
    metadata,
    sa.Column("request_id", sa.String(36), primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.account_id"), nullable=False),
    sa.Column("time", Timestamp, nullable=False, index=True),
    sa.Column("access_key_id", sa.String(128), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("parameters", sa.JSON, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("code", sa.String(128), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("recommend", sa.Text, nullable=False),
    sa.Index(None, "account_id", "time"),
)

explored_calls = sa.Table(
    "explored_calls",
    metadata,
    sa.Column("request_id", sa.String(36), primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.account_id"), nullable=False),
    sa.Column("time", Timestamp, nullable=False),
    sa.Column("product", sa.String(16), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("parameters", sa.JSON, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("code", sa.String(128), nullable=False),
    sa.Index(None, "account_id", "time"),
)
