from __future__ import annotations

import pytest

from imageferry.console.error_catalogue import ErrorCatalogue
from imageferry.console.explained import CALLS, OBJECTS, TRANSLATED, explained, translations
from imageferry.console.explanation import Explanation
from imageferry.console.languages import LANGUAGES
from imageferry.service.console import explanations
from imageferry.service.console_tools import object_codes


def test_every_language_but_that_of_the_declarations_has_a_file() -> None:
    assert {"en", *TRANSLATED} == LANGUAGES.keys()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_code_and_no_other_is_explained(language: str) -> None:
    catalogue = ErrorCatalogue(explanations(), object_codes())
    for kind, entries in ((CALLS, catalogue.entries), (OBJECTS, catalogue.object_entries)):
        found = translations(language, kind)
        assert found.keys() == entries.keys()
        assert all(text.meaning and text.remedy for text in found.values())


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_to_be_typed_is_the_same_in_every_language(language: str) -> None:
    for entry in ErrorCatalogue(explanations(), object_codes()).search(""):
        commands = entry.explanation.remedy.split("`")[1::2]
        shown = translations(language, entry.kind)[entry.code].remedy.split("`")[1::2]
        assert sorted(shown) == sorted(commands), entry.code


def test_a_code_without_a_translation_is_explained_as_it_is_declared() -> None:
    declared = Explanation("It is new.", "Wait.")

    assert explained("zh", "New.Code", declared) is declared
    assert explained("en", "MissingAction", declared) is declared
