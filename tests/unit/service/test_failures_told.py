from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy as sa

from imageferry.service.failures import sentence
from imageferry.settings import SettingError


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            sa.exc.OperationalError("SELECT 1", {}, sqlite3.OperationalError("no\n\tsuch file")),
            "The database does not open: no such file. Check it, and the setting database_url.",
        ),
        (
            FileNotFoundError(2, "No such file or directory", "/proc/x"),
            "/proc/x: No such file or directory. Check its disk, or the setting data_dir.",
        ),
        (OSError("The ECS API cannot listen."), "The ECS API cannot listen."),
        (SettingError("It says all."), "It says all."),
    ],
)
def test_what_keeps_a_process_from_starting_is_told(error: Exception, told: str) -> None:
    assert sentence(error) == told


def test_an_address_of_a_database_that_cannot_be_read() -> None:
    with pytest.raises(sa.exc.ArgumentError) as refused:
        sa.make_url("postgres:x")

    assert "postgresql://USER:PASSWORD@HOST/NAME" in sentence(refused.value)
