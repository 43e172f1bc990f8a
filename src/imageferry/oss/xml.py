"""XML as OSS writes it, and a reader that a hostile body cannot hurt."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NoReturn
from xml.etree.ElementTree import Element, SubElement, TreeBuilder, tostring
from xml.parsers import expat

from imageferry.oss.error_codes import MALFORMED_XML

MAX_XML_BYTES = 2 << 20
"""Room for the 10,000 parts of an upload, or 1,000 of the longest keys to delete."""

Content = str | int | bool | None | dict[str, Any] | Iterable[Any]
"""What an element holds: text, elements by name, or several of the same name; none is left out."""

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def document(name: str, content: Content) -> bytes:
    """Write a document with one root element."""
    root = Element(name)
    _fill(root, content)
    body: bytes = tostring(root, encoding="unicode").encode()
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body


def parse(body: bytes, name: str) -> Element:
    """Read a document whose root has a given name, with namespaces left out.

    Raises:
        OssError: it is not well-formed, has another root, or declares a document
            type, which is where entities come from.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = lambda tag, _: builder.start(tag.rpartition("}")[2], {})
    parser.EndElementHandler = lambda tag: builder.end(tag.rpartition("}")[2])
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError):  # the latter two for odd encodings
        _refuse()
    root: Element = builder.close()
    if root.tag != name:
        _refuse()
    return root


def timestamp(time: datetime) -> str:
    """A time as OSS writes it in XML: whole seconds, which oss2 insists on."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def _refuse(*_: object) -> NoReturn:
    raise MALFORMED_XML.error()


def _fill(element: Element, content: Content) -> None:
    if isinstance(content, dict):
        for name, value in content.items():
            _append(element, name, value)
    elif isinstance(content, bool):
        element.text = "true" if content else "false"
    elif content is not None:
        element.text = _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", str(content))


def _append(element: Element, name: str, value: Content) -> None:
    if isinstance(value, list):
        for item in value:
            _append(element, name, item)
    elif value is not None:
        _fill(SubElement(element, name), value)
