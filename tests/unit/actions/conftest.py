"""The actions over a database and buckets of each test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from imageferry.accounts import access_keys
from imageferry.buckets.folder import FolderStore
from imageferry.database.connection import Database
from support.api import Api
from support.rows import database, empty_database, shared_postgresql

__all__ = ["api", "database", "empty_database", "shared_postgresql"]


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Api:
    """The actions as the first account calls them."""
    with database.read() as connection:
        account = access_keys.first_account(connection)
    assert account is not None
    return Api(database, FolderStore(tmp_path / "buckets"), account)
