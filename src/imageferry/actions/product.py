"""A product: actions under one version, as a real endpoint serves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from imageferry.actions.declaration import Action

AnyAction = Action[Any, Any, Any]


@dataclass(frozen=True)
class Product:
    """A product of Alibaba Cloud, as far as it is served.

    Alibaba Cloud has an address for each. Here all are at one address, and a
    request's version tells which it means: no two products share one.

    Attributes:
        name: What the CLI calls it.
        version: The version of its API.
        actions: Its actions by name.
    """

    name: str
    version: str
    actions: Mapping[str, AnyAction]


def product(name: str, version: str, actions: Sequence[AnyAction]) -> Product:
    """A product of actions that know their names."""
    return Product(name, version, {action.name: action for action in actions})
