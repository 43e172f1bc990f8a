"""Regions that an action names in a way of its own."""

from __future__ import annotations

from imageferry.actions.call import Call, shorten
from imageferry.actions.errors import ErrorCode


def check_region(call: Call, parameter: str, region_id: str, code: ErrorCode) -> None:
    """Make sure that the service answers for a region.

    Args:
        call: Who asks.
        parameter: The parameter that named it, for the error.
        region_id: The region.
        code: What the action answers with where it does not.

    Raises:
        ServiceError: that code.
    """
    if region_id not in call.settings.regions:
        known = ", ".join(call.settings.regions)
        raise code.error(f"{parameter} is {shorten(region_id)}; use one of {known}.")
