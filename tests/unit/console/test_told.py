"""What codes say, where it is shown: first in the reader's language."""

from __future__ import annotations

import pytest

from imageferry.actions import error_codes
from imageferry.console.explained import OBJECTS, translations
from imageferry.console.object_calls import ObjectError
from imageferry.console.templating import page
from support.visits import text, visit

DENIED = "You have no right to access this bucket."


def test_an_error_of_a_call_is_told_in_chinese_before_its_own_words() -> None:
    code = error_codes.MISSING_PARAMETER
    error = code.error(name="RegionId")
    meaning = translations("zh")[code.code].meaning

    chinese = text(page(visit(language="zh"), "service_error.html", error=error))
    english = text(page(visit(language="en"), "service_error.html", error=error))

    assert chinese.index(code.code) < chinese.index(meaning) < chinese.index('<bdi lang="en">')
    assert "原文：" in chinese
    assert meaning not in english
    assert "Original message" not in english


def test_an_error_of_a_bucket_is_told_in_chinese_before_its_own_words() -> None:
    error = ObjectError(403, "AccessDenied", DENIED)
    meaning = translations("zh", OBJECTS)["AccessDenied"].meaning

    chinese = text(page(visit(language="zh"), "object_error.html", error=error))
    english = text(page(visit(language="en"), "object_error.html", error=error))

    assert chinese.index(meaning) < chinese.index(DENIED)
    assert DENIED in english
    assert meaning not in english


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_code_that_nobody_knows_is_told_in_its_own_words(language: str) -> None:
    error = ObjectError(418, "Teapot", "It is <b>short</b>.")

    shown = text(page(visit(language=language), "object_error.html", error=error))

    assert "It is &lt;b&gt;short&lt;/b&gt;." in shown
    assert "Original message" not in shown
    assert "原文：" not in shown
