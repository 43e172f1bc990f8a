"""The console over an installation: who may sign in, calls by the gateway, and the tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from starlette.types import ASGIApp

from imageferry.accounts import access_keys, nonces
from imageferry.actions import error_codes
from imageferry.actions.errors import ErrorCode
from imageferry.actions.registry import ECS
from imageferry.console.explanation import Explanation
from imageferry.console.interface import Backend, Key
from imageferry.database.connection import UNAVAILABLE
from imageferry.database.metadata import now
from imageferry.gateway.authentication import Identity
from imageferry.gateway.gateway import Gateway
from imageferry.imaging import errors as image_errors
from imageferry.service.console_buckets import ConsoleBuckets
from imageferry.service.console_images import ConsoleImages
from imageferry.service.console_tasks import ConsoleTasks
from imageferry.service.console_tools import console_tools
from imageferry.service.installation import Installation
from imageferry.tasks.model import CANCELLED_CODE

_CANCELLED = Explanation(
    "The task was cancelled before the disk was done. What had been made of it is gone.",
    "Nothing, unless the disk is wanted after all: then start the task again.",
)


def console_backend(
    installation: Installation,
    gateway: Gateway,
    oss: ASGIApp,
    is_stopping: Callable[[], bool],
) -> Backend:
    """The installation, whose APIs are there, as the console sees it."""
    return Backend(
        regions=installation.settings.regions,
        explanations=explanations(),
        find_key=partial(_find_key, installation),
        spend_nonce=nonces.Nonces(installation.database).remember,
        is_spent=partial(_is_spent, installation),
        call=partial(_call, gateway),
        tasks=ConsoleTasks(installation.database, installation.settings),
        images=ConsoleImages(installation.database, installation.settings),
        buckets=ConsoleBuckets(installation.store, installation.settings, oss, now),
        tools=console_tools(installation.database, gateway),
        version=installation.database.version,
        clock=now,
        unavailable=UNAVAILABLE,
        is_stopping=is_stopping,
    )


def explanations() -> Mapping[str, Explanation]:
    """Every code that a call or a task can fail with, as it is declared."""
    declared = (
        *vars(error_codes).values(),
        *(code for action in ECS.actions.values() for code in action.errors),
        *vars(image_errors).values(),
    )
    kinds = (ErrorCode, image_errors.ImageErrorCode)
    return {CANCELLED_CODE: _CANCELLED} | {
        code.code: Explanation(code.meaning, code.remedy)
        for code in declared
        if isinstance(code, kinds)
    }


def _find_key(installation: Installation, access_key_id: str) -> Key | None:
    with installation.database.read() as connection:
        key = access_keys.find(connection, access_key_id)
    if key is None or not key.active or key.expires is not None:
        return None
    return Key(key.access_key_id, key.secret, key.account_id)


def _is_spent(installation: Installation, access_key_id: str, nonce: str) -> bool:
    with installation.database.read() as connection:
        return nonces.is_known(connection, access_key_id, nonce)


def _call(
    gateway: Gateway, key: Key, action: str, parameters: Mapping[str, str], host: str
) -> Mapping[str, Any]:
    identity = Identity(key.account_id, key.access_key_id)
    return gateway.call(identity, ECS.version, action, parameters, host=host)
