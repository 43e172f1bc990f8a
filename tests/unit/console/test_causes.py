from __future__ import annotations

from imageferry.console.causes import CAUSES
from imageferry.console.error_catalogue import ErrorCatalogue
from imageferry.service.console import explanations


def test_causes_are_told_of_codes_that_exist_in_both_languages() -> None:
    catalogue = ErrorCatalogue(explanations())

    assert CAUSES.keys() <= catalogue.entries.keys()
    for code, causes in CAUSES.items():
        assert causes, code
        assert all(cause.en and cause.zh for cause in causes), code
