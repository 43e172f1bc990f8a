"""The names of images."""

from __future__ import annotations

from imageferry.images import names
from support.rows import Rows


def test_names_are_told_of_images_that_are_there(rows: Rows) -> None:
    image = rows.image(name="golden")

    with rows.database.read() as connection:
        assert names.of_images(connection, {image, "m-gone"}) == {image: "golden"}


def test_images_are_found_by_a_part_of_their_name(rows: Rows) -> None:
    image, _ = rows.image(name="Golden_1"), rows.image(name="goldX1")

    with rows.database.read() as connection:
        assert names.search(connection, rows.account, "gOLDEN_", limit=9) == [image]
        assert names.search(connection, rows.account, "o", limit=1) != [image]
        assert names.search(connection, "other", "golden", limit=9) == []
