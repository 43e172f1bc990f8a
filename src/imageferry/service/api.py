"""The two HTTP applications of an installation: the ECS API and the OSS API."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import structlog
from starlette.applications import Starlette
from starlette.types import ASGIApp

from imageferry.accounts import access_keys, bearer_tokens, failed_calls
from imageferry.accounts.failed_calls import FailedCall
from imageferry.accounts.nonces import Nonces
from imageferry.actions.call import Call, Services
from imageferry.actions.registry import PRODUCTS
from imageferry.console import application as console
from imageferry.database.connection import UNAVAILABLE
from imageferry.database.metadata import now
from imageferry.gateway.application import routes
from imageferry.gateway.authentication import AccessKey, Authenticator
from imageferry.gateway.gateway import CallContext, Gateway
from imageferry.images.catalogue import discard_or_leave
from imageferry.oss.application import create_app
from imageferry.service.console import console_backend
from imageferry.service.endpoints import oss_endpoint
from imageferry.service.installation import Installation
from imageferry.service.key_cache import KeyCache
from imageferry.service.operations import operator_routes
from imageferry.telemetry.logs import first_line

_log = structlog.get_logger(__name__)


def ecs_application(
    installation: Installation,
    oss: ASGIApp,
    is_stopping: Callable[[], bool],
) -> ASGIApp:
    """The ECS API, the console, and the pages that operators ask for.

    Args:
        installation: What is served.
        oss: The OSS API, which the console uses as any client does.
        is_stopping: Whether the process is about to end, and open streams with it.
    """
    gateway = Gateway(
        products=PRODUCTS,
        authenticator=_authenticator(installation),
        make_call=partial(_call, installation),
        note_failure=partial(failed_calls.remember, installation.database),
        unavailable=UNAVAILABLE,
    )
    pages = console.routes(console_backend(installation, gateway, oss, is_stopping))
    return Starlette(routes=routes(gateway, [*operator_routes(installation), *pages]))


def oss_application(installation: Installation) -> ASGIApp:
    """The OSS API over the installation's buckets."""
    return create_app(
        installation.store,
        find_access_key=_key_cache(installation).find,
        regions=installation.settings.regions,
        clock=now,
        note_failure=partial(_keep_if_possible, installation),
    )


def _keep_if_possible(installation: Installation, call: FailedCall) -> None:
    try:
        failed_calls.remember(installation.database, call)
    except UNAVAILABLE as reason:
        _log.warning("failure_not_kept", reason=first_line(reason))


def _authenticator(installation: Installation) -> Authenticator:
    return Authenticator(
        find_access_key=_key_cache(installation).find,
        find_bearer=partial(_find_bearer, installation),
        remember_nonce=Nonces(installation.database).remember,
        clock=now,
    )


def _key_cache(installation: Installation) -> KeyCache:
    return KeyCache(partial(_find_access_key, installation), time.monotonic)


def _find_access_key(installation: Installation, access_key_id: str) -> AccessKey | None:
    with installation.database.read() as connection:
        key = access_keys.find(connection, access_key_id)
    if key is None:
        return None
    return AccessKey(
        id=key.access_key_id,
        secret=key.secret,
        account_id=key.account_id,
        active=key.active,
        security_token=key.security_token,
        expires=key.expires,
    )


def _find_bearer(installation: Installation, token: str) -> AccessKey | None:
    with installation.database.read() as connection:
        found = bearer_tokens.find(connection, token)
    if found is None:
        return None
    return AccessKey(
        id=found.access_key_id, secret="", account_id=found.account_id, expires=found.expires
    )


def _call(installation: Installation, context: CallContext) -> Call:
    services = Services(
        settings=installation.settings,
        database=installation.database,
        store=installation.store,
        discard=partial(discard_or_leave, installation.catalogue),
        endpoint=context.host,
        find_oss_endpoint=partial(oss_endpoint, installation.settings, context.host),
    )
    identity = context.identity
    return Call(
        identity.account_id,
        context.request_id,
        services,
        access_key_id=identity.access_key_id,
        expires=identity.expires,
    )
