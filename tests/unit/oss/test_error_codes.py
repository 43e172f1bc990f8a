from __future__ import annotations

import ast
from pathlib import Path

import imageferry.oss
from imageferry.oss.error_codes import every_code
from imageferry.oss.operations import OPERATION_NAMES


def test_every_code_is_declared_once() -> None:
    codes = [declared.code for declared in every_code()]

    assert len(codes) > 30
    assert len(codes) == len(set(codes))


def test_codes_are_declared_in_one_file_alone() -> None:
    folder = Path(imageferry.oss.__path__[0])
    declaring = {
        path.name
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "OssErrorCode"
    }

    assert declaring == {"error_codes.py"}


def test_every_code_says_what_it_means_and_what_to_do() -> None:
    for declared in every_code():
        assert declared.meaning.endswith("."), declared.code
        assert declared.remedy.endswith("."), declared.code


def test_codes_are_those_of_operations_that_there_are() -> None:
    for declared in every_code():
        assert set(declared.operations) <= set(OPERATION_NAMES.values()), declared.code


def test_operations_are_called_as_oss_calls_them() -> None:
    assert OPERATION_NAMES["put_object"] == "PutObject"
    assert OPERATION_NAMES["initiate_multipart_upload"] == "InitiateMultipartUpload"
