from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from functools import partial

import pytest

from imageferry.accounts import access_keys, failed_calls
from imageferry.actions.declaration import fields
from imageferry.actions.describe_images import DescribeImagesRequest
from imageferry.actions.registry import PRODUCTS
from imageferry.console.tools import Tools
from imageferry.database.connection import Database
from imageferry.gateway.authentication import AccessKey, Authenticator
from imageferry.gateway.gateway import Gateway
from imageferry.service.console_tools import console_tools
from imageferry.signing import acs_v3
from imageferry.signing.acs_v3 import SignedRequest
from support.rows import database, empty_database, shared_postgresql

__all__ = ["database", "empty_database", "shared_postgresql"]

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@pytest.fixture
def account_id(database: Database) -> str:
    with database.read() as connection:
        found = access_keys.first_account(connection)
    assert found is not None
    return found


@pytest.fixture
def tools(database: Database, account_id: str) -> Tools:
    """The tools of a service whose actions are all out of reach."""
    key = AccessKey(id="LTAI", secret="secret", account_id=account_id)

    def out_of_reach(_context: object) -> object:
        raise ConnectionError

    gateway = Gateway(
        products=PRODUCTS,
        authenticator=Authenticator(
            find_access_key={key.id: key}.get,
            find_bearer=lambda _token: None,
            remember_nonce=lambda _key, _nonce, _until: True,
            clock=lambda: NOW,
        ),
        make_call=out_of_reach,
        note_failure=partial(failed_calls.remember, database),
        unavailable=(ConnectionError,),
    )
    return console_tools(database, gateway)


def signed(secret: str = "secret") -> SignedRequest:
    return acs_v3.sign(
        access_key_id="LTAI",
        access_key_secret=secret,
        host="127.0.0.1:8080",
        action="DescribeImages",
        version="2014-05-26",
        date=NOW,
        nonce="nonce",
        form=(("RegionId", "cn-hangzhou"),),
    )


def test_an_exchange_is_what_the_api_answers(tools: Tools) -> None:
    exchange = tools.exchange(signed())

    members = json.loads(exchange.json)
    root = ET.fromstring(exchange.xml)
    assert (exchange.status, members["Code"]) == (503, "ServiceUnavailable")
    assert root.tag == "Error"
    assert {element.tag: element.text for element in root} == members
    assert dict(exchange.headers)["x-acs-request-id"] == members["RequestId"]


def test_a_refused_exchange_is_found_by_its_owner_alone(
    tools: Tools, database: Database, account_id: str
) -> None:
    with database.write() as connection:
        stranger = access_keys.create_account(connection, "stranger")

    request_id = json.loads(tools.exchange(signed()).json)["RequestId"]

    found = tools.failed_calls.find(account_id, request_id)
    assert found is not None
    assert (found.action, found.parameters) == ("DescribeImages", {"RegionId": "cn-hangzhou"})
    assert tools.failed_calls.find(stranger, request_id) is None
    assert tools.failed_calls.latest(stranger, 10) == []
    assert tools.failed_calls.latest(account_id, 10, "ServiceUnavailable") == [found]
    assert tools.failed_calls.latest(account_id, 10, "InternalError") == []


def test_a_call_that_is_signed_wrongly_is_nobodys(tools: Tools, account_id: str) -> None:
    assert tools.exchange(signed("another")).status == 400
    assert tools.failed_calls.latest(account_id, 10) == []


def test_problems_are_those_of_the_declaration(tools: Tools) -> None:
    declared = {field.wire: field for field in fields(DescribeImagesRequest)}

    assert tools.problem(declared["PageSize"], "10") == ""
    assert tools.problem(declared["PageSize"], "0") == "send a whole number from 1 to 100"
