"""How the OSS API refuses a request. Its codes are declared in ``error_codes``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class OssErrorCode:
    """A code that OSS answers with.

    Attributes:
        code: The code on the wire.
        status: The HTTP status.
        message: OSS's usual message.
        meaning: What has happened, for the Error Center.
        remedy: What the caller does about it.
        operations: Which operations answer with it, by OSS's names; every one where empty.
    """

    code: str
    status: int
    message: str
    meaning: str
    remedy: str
    operations: Sequence[str] = ()

    def error(self, message: str = "", **details: str) -> OssError:
        """The error to raise.

        Args:
            message: What is wrong in this very case; the usual message where empty.
            **details: Further elements of the answer, by their names in the XML.
        """
        return OssError(self, message or self.message, details)


class OssError(Exception):
    """The answer to a request that is refused."""

    def __init__(self, code: OssErrorCode, message: str, details: Mapping[str, str]) -> None:
        super().__init__(f"{code.code}: {message}")
        self.code = code
        self.message = message
        self.details = details
