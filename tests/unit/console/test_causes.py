from __future__ import annotations

from imageferry.console.causes import CAUSES
from imageferry.console.error_catalogue import ErrorCatalogue
from imageferry.console.object_causes import OBJECT_CAUSES
from imageferry.service.console import explanations
from imageferry.service.console_tools import object_codes


def test_causes_are_told_of_codes_that_exist_in_both_languages() -> None:
    catalogue = ErrorCatalogue(explanations(), object_codes())

    assert CAUSES.keys() <= catalogue.entries.keys()
    assert OBJECT_CAUSES.keys() == catalogue.object_entries.keys()
    for code, causes in (*CAUSES.items(), *OBJECT_CAUSES.items()):
        assert causes, code
        assert all(cause.en and cause.zh for cause in causes), code
