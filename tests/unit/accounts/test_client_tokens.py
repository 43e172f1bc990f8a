from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from imageferry.accounts import client_tokens
from imageferry.accounts.client_tokens import KEPT_FOR, TokenMismatchError, TokenUse
from imageferry.accounts.tables import client_tokens as table
from imageferry.database.metadata import now
from support.rows import Rows

USE = TokenUse("1", "ImportImage", "token", client_tokens.fingerprint({"ImageName": "golden"}))
ANSWER = {"ImageId": "m-1", "TaskId": "t-1"}


def test_an_answer_is_recalled_by_its_token(rows: Rows) -> None:
    with rows.database.write() as connection:
        assert client_tokens.recall(connection, USE) is None
        client_tokens.remember(connection, USE, ANSWER)

    with rows.database.read() as connection:
        assert client_tokens.recall(connection, USE) == ANSWER


@pytest.mark.parametrize("other", [{"account_id": "2"}, {"action": "X"}, {"token": "TOKEN"}])
def test_a_token_is_of_one_account_and_action(rows: Rows, other: dict[str, str]) -> None:
    with rows.database.write() as connection:
        client_tokens.remember(connection, USE, ANSWER)

        assert client_tokens.recall(connection, replace(USE, **other)) is None


def test_a_token_with_other_parameters_is_refused(rows: Rows) -> None:
    other = replace(USE, fingerprint=client_tokens.fingerprint({"ImageName": "other"}))
    with rows.database.write() as connection:
        client_tokens.remember(connection, USE, ANSWER)

        with pytest.raises(TokenMismatchError):
            client_tokens.recall(connection, other)


def test_old_tokens_are_forgotten(rows: Rows) -> None:
    with rows.database.write() as connection:
        client_tokens.remember(connection, USE, ANSWER)
        connection.execute(sa.update(table).values(created=now() - 2 * KEPT_FOR))
        client_tokens.remember(connection, replace(USE, token="new"), ANSWER)

        assert client_tokens.recall(connection, USE) is None


def test_the_meaning_of_a_request_has_no_order_of_names() -> None:
    assert client_tokens.fingerprint({"a": 1, "b": [2]}) == client_tokens.fingerprint(
        {"b": [2], "a": 1}
    )
    assert client_tokens.fingerprint({"a": "1"}) != client_tokens.fingerprint({"a": 1})
    assert client_tokens.fingerprint({"a": [1, 2]}) != client_tokens.fingerprint({"a": [2, 1]})
