"""Actions that break, behind a gateway: what went wrong is not told, only that it did."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from imageferry.actions.registry import ACTIONS, PRODUCTS, VERSION
from imageferry.gateway.authentication import AccessKey, Authenticator
from imageferry.gateway.gateway import CallContext, Gateway
from imageferry.gateway.request import Request
from imageferry.signing import acs_v3

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def _breaks(_context: CallContext) -> None:
    """Stands for a database that is gone."""
    raise ConnectionError("the password is in here")


@pytest.fixture
def gateway() -> Gateway:
    """Every product's gateway, in whose service nothing works."""
    return _gateway()


def _gateway(*unavailable: type[Exception]) -> Gateway:
    key = AccessKey(id="LTAI", secret="secret", account_id="1001")
    return Gateway(
        products=PRODUCTS,
        authenticator=Authenticator(
            find_access_key={key.id: key}.get,
            find_bearer=lambda _token: None,
            remember_nonce=lambda _key, _nonce, _until: True,
            clock=lambda: NOW,
        ),
        make_call=_breaks,
        note_failure=lambda _call: None,
        unavailable=unavailable,
    )


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_that_breaks(gateway: Gateway, name: str) -> None:
    response = gateway.handle(_signed(name))

    assert (response.status, json.loads(response.body)["Code"]) == (500, "InternalError")
    assert b"password" not in response.body


def test_what_may_be_back_later_is_to_be_asked_for_again() -> None:
    response = _gateway(ConnectionError).handle(_signed("DescribeTasks"))

    assert (response.status, json.loads(response.body)["Code"]) == (503, "ServiceUnavailable")
    assert b"password" not in response.body


def _signed(action: str) -> Request:
    signed = acs_v3.sign(
        access_key_id="LTAI",
        access_key_secret="secret",
        host="127.0.0.1:8080",
        action=action,
        version=VERSION,
        date=NOW,
        nonce="nonce",
        form=tuple(ACTIONS[action].example.items()),
    )
    headers = tuple(signed.headers.items())
    return Request(signed.method, "/", signed.query.encode(), headers, signed.body)
