"""Long lists of tasks: how many there are by blocks, which the database itself counts.

Triggers count, and not the code that writes tasks: a process of an older version that
still runs, or whoever deletes a row by hand, cannot make the counts wrong.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from imageferry.database.metadata import Timestamp

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_LEVELS = "(SELECT 10 AS level UNION ALL SELECT 17 UNION ALL SELECT 62) AS levels"

_SQLITE_CHANGE = """
    INSERT INTO task_blocks
        (account_id, region_id, level, block, action, status, tasks, oldest, newest)
    SELECT {row}.account_id, {row}.region_id, level, {row}.sequence >> level,
        {row}.action, {row}.status, {change}, {row}.created, {row}.created
    FROM {levels} WHERE true
    ON CONFLICT (account_id, region_id, level, block, action, status) DO UPDATE SET
        tasks = tasks + excluded.tasks,
        oldest = min(oldest, excluded.oldest),
        newest = max(newest, excluded.newest);
"""

_SQLITE_TIDY = """
    DELETE FROM task_blocks
    WHERE account_id = OLD.account_id AND region_id = OLD.region_id
        AND (level, block) IN (SELECT level, OLD.sequence >> level FROM {levels})
        AND action = OLD.action AND status = OLD.status AND tasks <= 0;
"""

_MORE = _SQLITE_CHANGE.format(row="NEW", change="1", levels=_LEVELS)
_LESS = _SQLITE_CHANGE.format(row="OLD", change="-1", levels=_LEVELS) + _SQLITE_TIDY.format(
    levels=_LEVELS
)

_SQLITE = (
    f"CREATE TRIGGER count_task AFTER INSERT ON tasks BEGIN {_MORE} END",
    f"CREATE TRIGGER count_deleted_task AFTER DELETE ON tasks BEGIN {_LESS} END",
    f"""CREATE TRIGGER count_changed_task
        AFTER UPDATE OF account_id, region_id, action, status, created ON tasks
        BEGIN {_LESS} {_MORE} END""",
)

# One statement for all rows of a change, in one order whatever the change, so that no two
# transactions wait for each other.
_POSTGRESQL_FUNCTION = """
CREATE FUNCTION count_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO task_blocks
        (account_id, region_id, level, block, action, status, tasks, oldest, newest)
    SELECT account_id, region_id, level, sequence >> level, action, status,
        sum(change), min(created), max(created)
    FROM {levels}, (
        VALUES
            (OLD.account_id, OLD.region_id, OLD.action, OLD.status, OLD.created, OLD.sequence, -1),
            (NEW.account_id, NEW.region_id, NEW.action, NEW.status, NEW.created, NEW.sequence, 1)
    ) AS changes (account_id, region_id, action, status, created, sequence, change)
    WHERE sequence IS NOT NULL
    GROUP BY account_id, region_id, level, sequence >> level, action, status
    ORDER BY account_id, region_id, level, sequence >> level, action, status
    ON CONFLICT (account_id, region_id, level, block, action, status) DO UPDATE SET
        tasks = task_blocks.tasks + excluded.tasks,
        oldest = least(task_blocks.oldest, excluded.oldest),
        newest = greatest(task_blocks.newest, excluded.newest);
    DELETE FROM task_blocks
    WHERE account_id = OLD.account_id AND region_id = OLD.region_id
        AND (level, block) IN (SELECT level, OLD.sequence >> level FROM {levels})
        AND action = OLD.action AND status = OLD.status AND tasks <= 0;
    RETURN NULL;
END $$
"""

# At the transaction's end, so that it keeps others from the counts for as short as can be.
_POSTGRESQL = (
    _POSTGRESQL_FUNCTION.format(levels=_LEVELS),
    """CREATE CONSTRAINT TRIGGER count_task AFTER INSERT OR DELETE ON tasks
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_task()""",
    """CREATE CONSTRAINT TRIGGER count_changed_task
        AFTER UPDATE OF account_id, region_id, action, status, created ON tasks
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_task()""",
)

_COUNT = """
    INSERT INTO task_blocks
        (account_id, region_id, level, block, action, status, tasks, oldest, newest)
    SELECT account_id, region_id, level, sequence >> level, action, status,
        count(*), min(created), max(created)
    FROM tasks, {levels}
    GROUP BY account_id, region_id, level, sequence >> level, action, status
"""


def upgrade() -> None:
    """Add the counts and what keeps them, and an index by which pages are read."""
    op.create_table(
        "task_blocks",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("region_id", sa.String(length=64), nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("tasks", sa.BigInteger(), nullable=False),
        sa.Column("oldest", Timestamp(), nullable=False),
        sa.Column("newest", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint(
            *("account_id", "region_id", "level", "block", "action", "status"),
            name=op.f("pk_task_blocks"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_tasks_account_id_region_id_action_status_sequence",
        "tasks",
        ["account_id", "region_id", "action", "status", "sequence"],
        unique=False,
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE if is_sqlite else _POSTGRESQL:
        op.execute(statement)
    # PostgreSQL's triggers have locked the table, so nothing is missed or counted twice.
    op.execute(_COUNT.format(levels=_LEVELS))
