"""From a request to a response, for any set of products."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import structlog

from imageferry.accounts.failed_calls import FailedCall
from imageferry.actions import error_codes
from imageferry.actions.declaration import Reply, fields, to_wire
from imageferry.actions.errors import ServiceError
from imageferry.actions.product import AnyAction, Product
from imageferry.gateway.authentication import Authenticator, Identity
from imageferry.gateway.observed import observed
from imageferry.gateway.parameters import read
from imageferry.gateway.rendering import Response, render_error, render_reply
from imageferry.gateway.reply_format import ReplyFormat, requested_format
from imageferry.gateway.request import Request
from imageferry.gateway.texts import shown
from imageferry.gateway.wire_parameters import WireParameters, read_wire_parameters
from imageferry.telemetry import logs

MAX_HOST_CHARACTERS = 255
"""The longest name that DNS has."""

UNKNOWN_ACTION = "unknown"
"""What metrics call an action that there is none of."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class CallContext:
    """What an action can know of the request besides its parameters.

    Attributes:
        identity: Who is calling.
        request_id: The id that the reply and the log carry.
        action: The action's name.
        host: The address the caller used, as the Host header has it.
    """

    identity: Identity
    request_id: str
    action: str
    host: str


class Gateway:
    """Answers requests. It knows no action by name.

    Args:
        products: The products that are served. A request's version tells which it means.
        authenticator: Finds out who is calling.
        make_call: Makes the object that an action's handler gets besides its request.
        note_failure: Keeps a call that was refused, for the account whose call it was.
        unavailable: What is raised while something below is out of reach, or had to be
            given up in favour of another request: the client is to try again.

    Raises:
        ValueError: two products have one version, or a reply has a member ``Code``,
            which clients read as a failure.
    """

    def __init__(
        self,
        *,
        products: Sequence[Product],
        authenticator: Authenticator,
        make_call: Callable[[CallContext], Any],
        note_failure: Callable[[FailedCall], None],
        unavailable: tuple[type[Exception], ...] = (),
    ) -> None:
        _check(products)
        self._versions = ", ".join(f"{product.version} ({product.name})" for product in products)
        self._actions = {product.version: _by_lower_name(product) for product in products}
        self._names = {
            lower: action.name
            for actions in self._actions.values()
            for lower, action in actions.items()
        }
        self._authenticator = authenticator
        self._make_call = make_call
        self._note_failure = note_failure
        self._unavailable = unavailable

    def handle(self, request: Request) -> Response:
        """Answer a request. It blocks as long as the action does, and never raises."""
        request_id = _new_request_id()
        asked = _asked(request)
        with observed(
            "request_answered",
            request_id,
            self._names.get(asked.lower(), UNKNOWN_ACTION),
            asked=shown(asked),
            headers=request.headers_by_name,
        ) as observer:
            try:
                response = self._answer(request, request_id)
            except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
                told = self._noted(error)
                response = _refusal(request, told, request_id)
                observer.answered(response.status, told.code.code)
            else:
                observer.answered(response.status)
            return response

    def call(
        self,
        identity: Identity,
        version: str,
        action: str,
        parameters: Mapping[str, str],
        *,
        host: str,
    ) -> dict[str, Any]:
        """Carry out an action for somebody who has proved who they are in another way.

        Everything but the signature is as with a request over the wire: the
        parameters are read by the declaration, and the call is logged.

        Args:
            identity: Who is calling.
            version: The version of the action's product.
            action: The action's name.
            parameters: Names and values as they would be on the wire.
            host: The address that the caller used.

        Returns:
            The reply's members under their names on the wire.

        Raises:
            ServiceError: the call is refused.
            KeyError: there is no such action.
        """
        request_id = _new_request_id()
        declared = self._actions[version][action.lower()]
        with observed("call_answered", request_id, declared.name, asked=action) as observer:
            try:
                reply = self._carry_out(declared, identity, parameters, request_id, host)
            except ServiceError as error:
                observer.answered(error.code.status, error.code.code)
                raise
            observer.answered(HTTPStatus.OK)
        return {"RequestId": request_id, **to_wire(reply)}

    def refuse(self, request: Request, error: ServiceError) -> Response:
        """The answer to a request that is refused before it could be read as a whole."""
        request_id = _new_request_id()
        _log.info("request_refused", request_id=request_id, code=error.code.code)
        return _refusal(request, error, request_id)

    def _answer(self, request: Request, request_id: str) -> Response:
        if request.method not in ("GET", "POST"):
            raise error_codes.UNSUPPORTED_HTTP_METHOD.error()
        parameters = read_wire_parameters(request)
        reply_format = _known_format(request)
        action = self._action(request, parameters)
        identity = self._authenticator.authenticate(request, parameters)
        named = dict(parameters.pairs)
        reply = self._carry_out(action, identity, named, request_id, _host(request))
        return render_reply(
            reply, action=action.name, request_id=request_id, reply_format=reply_format
        )

    def _carry_out(
        self,
        action: AnyAction,
        identity: Identity,
        parameters: Mapping[str, str],
        request_id: str,
        host: str,
    ) -> Reply:
        logs.note(account=identity.account_id)
        context = CallContext(
            identity=identity, request_id=request_id, action=action.name, host=host
        )
        try:
            call = self._make_call(context)
            reply: Reply = action.handler(call, read(action.request, parameters))
        except Exception as error:
            self._keep(context, parameters, self._told(error))
            raise
        return reply

    def _noted(self, error: Exception) -> ServiceError:
        """What a caller is told of an error, and the log of one that is not the caller's."""
        if isinstance(error, self._unavailable):
            _log.warning("request_put_off", reason=logs.first_line(error))
        elif not isinstance(error, ServiceError):
            _log.error("request_failed", exc_info=error)
        return self._told(error)

    def _told(self, error: Exception) -> ServiceError:
        """What a caller is told of an error."""
        if isinstance(error, ServiceError):
            return error
        if isinstance(error, self._unavailable):
            return error_codes.SERVICE_UNAVAILABLE.error()
        return error_codes.INTERNAL_ERROR.error()

    def _keep(
        self, context: CallContext, parameters: Mapping[str, str], error: ServiceError
    ) -> None:
        """Keep a call that was refused, unless what keeps it is out of reach too."""
        failed = FailedCall(
            request_id=context.request_id,
            account_id=context.identity.account_id,
            time=datetime.now(UTC),
            access_key_id=context.identity.access_key_id,
            action=context.action,
            parameters=parameters,
            status=error.code.status,
            code=error.code.code,
            message=error.message,
            recommend=error.recommend,
        )
        try:
            self._note_failure(failed)
        except self._unavailable as reason:
            _log.warning("failure_not_kept", reason=logs.first_line(reason))

    def _action(self, request: Request, parameters: WireParameters) -> AnyAction:
        name = _named(request, parameters, "Action")
        if not name:
            raise error_codes.MISSING_ACTION.error()
        action = self._actions_of_version(request, parameters).get(name.lower())
        if action is None:
            raise error_codes.INVALID_ACTION_NOT_FOUND.error(
                f"The service has no action {shown(name)}: check the spelling."
            )
        return action

    def _actions_of_version(
        self, request: Request, parameters: WireParameters
    ) -> Mapping[str, AnyAction]:
        version = _named(request, parameters, "Version")
        if not version:
            raise error_codes.MISSING_VERSION.error()
        if version not in self._actions:
            raise error_codes.INVALID_VERSION.error(
                f"Version is {shown(version)}: send one of {self._versions}."
            )
        return self._actions[version]


def _check(products: Sequence[Product]) -> None:
    versions = [product.version for product in products]
    if len(set(versions)) != len(versions):
        raise ValueError("no two products may have one version")
    for action in (action for product in products for action in product.actions.values()):
        reply: type[Reply] = action.reply
        if any(field.wire == "Code" for field in fields(reply)):
            raise ValueError(f"{action.name}: no reply may have a member Code")


def _by_lower_name(product: Product) -> Mapping[str, AnyAction]:
    return {action.name.lower(): action for action in product.actions.values()}


def _named(request: Request, parameters: WireParameters, name: str) -> str:
    # Version 1 leaves the headers unsigned, so there they say nothing.
    header = request.header(f"x-acs-{name}") if request.speaks_v3 else ""
    return header or parameters.get(name)


def _asked(request: Request) -> str:
    """The action that is asked for, as far as it can be told of a request that will be refused."""
    header = request.header("x-acs-action")
    return header if header and request.speaks_v3 else request.loose("Action") or header


def _known_format(request: Request) -> ReplyFormat:
    reply_format = requested_format(request)
    if reply_format is None:
        raise error_codes.INVALID_PARAMETER_FORMAT.error(
            f"Format is {shown(request.loose('Format'))}: send JSON or XML."
        )
    return reply_format


def _refusal(request: Request, error: ServiceError, request_id: str) -> Response:
    return render_error(
        error,
        host_id=_host(request),
        request_id=request_id,
        reply_format=requested_format(request) or ReplyFormat.JSON,
    )


def _host(request: Request) -> str:
    return request.header("host")[:MAX_HOST_CHARACTERS]


def _new_request_id() -> str:
    return str(uuid.uuid4()).upper()
