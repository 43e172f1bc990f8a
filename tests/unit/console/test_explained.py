from __future__ import annotations

import pytest

from imageferry.console.error_catalogue import ErrorCatalogue
from imageferry.console.explained import TRANSLATED, explained, translations
from imageferry.console.interface import Explanation
from imageferry.console.languages import LANGUAGES
from imageferry.service.console import explanations


def test_every_language_but_that_of_the_declarations_has_a_file() -> None:
    assert {"en", *TRANSLATED} == LANGUAGES.keys()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_code_and_no_other_is_explained(language: str) -> None:
    found = translations(language)

    assert found.keys() == ErrorCatalogue(explanations()).entries.keys()
    assert all(text.meaning and text.remedy for text in found.values())


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_to_be_typed_is_the_same_in_every_language(language: str) -> None:
    for code, entry in ErrorCatalogue(explanations()).entries.items():
        commands = entry.explanation.remedy.split("`")[1::2]
        shown = translations(language)[code].remedy.split("`")[1::2]
        assert sorted(shown) == sorted(commands), code


def test_a_code_without_a_translation_is_explained_as_it_is_declared() -> None:
    declared = Explanation("It is new.", "Wait.")

    assert explained("zh", "New.Code", declared) is declared
    assert explained("en", "MissingAction", declared) is declared
