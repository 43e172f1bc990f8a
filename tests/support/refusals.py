"""An error of a service, whichever client presents it."""

from __future__ import annotations


class RefusedError(Exception):
    """An error as a client presents it.

    Attributes:
        code: The error's code.
        message: What it says.
        status: The HTTP status.
        request_id: The request that was refused, where the client tells it.
    """

    def __init__(self, code: str, message: str, status: int, request_id: str = "") -> None:
        super().__init__(code, message, status, request_id)
        self.code = code
        self.message = message
        self.status = status
        self.request_id = request_id
