from __future__ import annotations

from collections.abc import Iterator

import pytest

from imageferry.actions.declaration import Field, Model, fields
from imageferry.actions.registry import ECS, PRODUCTS
from imageferry.console.explained import TRANSLATED
from imageferry.console.explorer import Explorer
from imageferry.console.sentences import sentence, translated_sentences
from support.visits import backend, text, visit

PRIORITY = (
    "Which of the account's waiting tasks is taken up first: the one with the lowest number, "
    "and of equal ones the oldest."
)


def parameters(model: type[Model]) -> Iterator[Field]:
    for field in fields(model):
        yield field
        if field.model is not None:
            yield from parameters(field.model)


def declared() -> set[str]:
    """Every sentence of the declarations of all parameters."""
    found = [
        field.parameter
        for product in PRODUCTS
        for action in product.actions.values()
        for field in parameters(action.request)
    ]
    rules = {rule for one in found for rule in (one.rule, one.unused) if rule}
    return rules | {one.description for one in found}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_and_no_other_is_translated(language: str) -> None:
    found = translated_sentences(language)

    assert found.keys() == declared()
    assert all(found.values())


def test_the_language_of_the_declarations_has_their_own_words() -> None:
    assert sentence("en", PRIORITY) == PRIORITY


@pytest.mark.parametrize("name", sorted(ECS.actions))
def test_a_form_is_told_in_the_language_of_its_reader(name: str) -> None:
    found = visit(language="zh", product="ecs", action=name)

    shown = text(Explorer(backend()).show(found))

    model: type[Model] = ECS.actions[name].request
    for field in fields(model):
        assert sentence("zh", field.parameter.description) in shown
        assert field.parameter.description not in shown
