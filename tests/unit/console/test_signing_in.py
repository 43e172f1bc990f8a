from __future__ import annotations

import pytest

from imageferry.console.endpoints import HOME
from imageferry.console.signing_in import SigningIn
from support.visits import backend, visit


@pytest.mark.parametrize(
    ("wanted", "address"),
    [
        ("/console/images?search=a%2Fb", "/console/images?search=a%2Fb"),
        ("", HOME),
        ("/", HOME),
        ("//elsewhere/console/", HOME),
        ("https://elsewhere/console/", HOME),
        ("/console/\\elsewhere", HOME),
        ("//[", HOME),
        ("//[x]/console/", HOME),
    ],
)
def test_one_goes_on_within_the_console_alone(wanted: str, address: str) -> None:
    signing = SigningIn(backend())

    assert signing.form(visit(query={"next": wanted})).headers["location"] == address
    assert signing.choose_language(visit(form={"next": wanted})).headers["location"] == address
