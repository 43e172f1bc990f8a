from __future__ import annotations

import pickle

from imageferry.imaging import errors


def test_each_code_is_declared_once_and_explains_itself() -> None:
    codes = [item.code for item in errors.CODES]
    assert len(set(codes)) == len(codes)
    assert all(item.meaning.endswith(".") and item.remedy.endswith(".") for item in errors.CODES)


def test_no_code_is_missing_from_the_list() -> None:
    declared = {item for item in vars(errors).values() if isinstance(item, errors.ImageErrorCode)}
    assert declared == set(errors.CODES)


def test_a_message_names_the_value_and_the_remedy() -> None:
    error = errors.ENCRYPTED.error("The image is encrypted (method 2).")
    assert error.code == "InvalidImageFormat.Encrypted"
    assert error.message == f"The image is encrypted (method 2). {errors.ENCRYPTED.remedy}"
    assert str(error) == f"{error.code}: {error.message}"


def test_an_error_survives_being_stored() -> None:
    stored = pickle.loads(pickle.dumps(errors.CORRUPT.error("Broken at byte 7.")))
    assert (stored.code, stored.detail) == ("InvalidImageFormat.Corrupt", "Broken at byte 7.")
