"""Every error code of the ECS API, declared once.

Codes, statuses and messages are those of ``contract.json``. What we know beyond
the contract's message, the parameter's value and the remedy, goes into the
reply's ``Recommend``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorCode:
    """A code that the API can answer with.

    Attributes:
        code: The code on the wire.
        status: The HTTP status.
        message: The contract's message; ``{name}`` stands for what differs by case.
        meaning: What has happened, for the Error Center.
        remedy: What the caller does about it.
    """

    code: str
    status: int
    message: str
    meaning: str
    remedy: str

    def error(self, recommend: str = "", **values: str) -> ServiceError:
        """The error to raise, with the message's values filled in.

        Args:
            recommend: What to do in this very case; the code's remedy where empty.
            **values: The values of the message's placeholders.
        """
        return ServiceError(self, self.message.format(**values), recommend or self.remedy)


class ServiceError(Exception):
    """The answer to a request that is refused."""

    def __init__(self, code: ErrorCode, message: str, recommend: str) -> None:
        super().__init__(f"{code.code}: {message}")
        self.code = code
        self.message = message
        self.recommend = recommend
