from __future__ import annotations

import pytest

from imageferry.actions.registry import ECS, PRODUCTS
from imageferry.console.explained import TRANSLATED
from imageferry.console.explorer import Explorer
from imageferry.console.purposes import purpose, translated_purposes
from support.visits import backend, text, visit

IMPORT = ECS.actions["ImportImage"]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_action_and_no_other_has_a_purpose(language: str) -> None:
    found = translated_purposes(language)

    assert found.keys() == {name for product in PRODUCTS for name in product.actions}
    assert all(found.values())


def test_the_language_of_the_declarations_has_their_own_words() -> None:
    assert purpose("en", IMPORT) == IMPORT.summary
    assert purpose("zh", IMPORT) == "用存储空间中的磁盘镜像创建镜像。"


def test_actions_are_found_and_told_in_chinese() -> None:
    found = visit(language="zh", query={"search": "磁盘镜像创建"})

    shown = text(Explorer(backend()).search(found))

    assert "ImportImage" in shown
    assert purpose("zh", IMPORT) in shown
    assert IMPORT.summary not in shown
    assert "ExportImage" not in shown
