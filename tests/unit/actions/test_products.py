"""The products beside ECS, declared as its actions are."""

from __future__ import annotations

import importlib

import pytest

from imageferry.actions.declaration import to_wire
from imageferry.actions.errors import ErrorCode
from imageferry.actions.product import AnyAction, Product
from imageferry.actions.registry import ECS, PRODUCTS
from imageferry.gateway.parameters import read

OTHERS = [product for product in PRODUCTS if product is not ECS]


def _name(product: Product) -> str:
    return product.name


@pytest.mark.parametrize("product", OTHERS, ids=_name)
def test_no_error_code_is_declared_in_vain(product: Product) -> None:
    module = importlib.import_module(f"imageferry.actions.{product.name}.error_codes")
    codes = {value for value in vars(module).values() if isinstance(value, ErrorCode)}

    assert codes == {code for action in product.actions.values() for code in action.errors}


@pytest.mark.parametrize(
    "action", [action for product in OTHERS for action in product.actions.values()]
)
def test_an_example_is_a_valid_call(action: AnyAction) -> None:
    sent = to_wire(read(action.request, action.example))

    assert {name: str(sent[name]) for name in action.example} == action.example


@pytest.mark.parametrize("product", PRODUCTS, ids=_name)
def test_a_policy_names_the_product_and_the_action(product: Product) -> None:
    assert [action.policy for action in product.actions.values()] == [
        f"{product.name}:{name}" for name in product.actions
    ]
