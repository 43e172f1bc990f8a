"""The official clients of the ECS API, each called in the same way.

Parameters and replies are the API's own names and structure; how they travel,
and how errors come out, is the client's business.
"""

from __future__ import annotations

import importlib
import json
import re
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

import pytest
from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client as EcsClient
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import RpcRequest

from support import node
from support.refusals import RefusedError
from support.service import REGION, VERSION, Service

Parameters = Mapping[str, Any]


class Client(Protocol):
    """A client of the ECS API."""

    def call(self, action: str, parameters: Parameters) -> dict[str, Any]:
        """The reply to a call in the default region.

        Raises:
            RefusedError: the API refuses it.
        """
        ...


class PythonV1:
    """``aliyun-python-sdk-core``, with the requests of ``aliyun-python-sdk-ecs``."""

    def __init__(
        self, service: Service, *, key_id: str = "", secret: str = "", method: str = "POST"
    ) -> None:
        """Set it up; the first account's key where none is given."""
        self._client = AcsClient(
            key_id or service.access_key_id, secret or service.access_key_secret, REGION
        )
        # The SDK closes its connections when it is collected, which may be after they were.
        weakref.finalize(self, self._client.session.close)
        self._endpoint = service.ecs.removeprefix("http://")
        self._method = method

    def call(self, action: str, parameters: Parameters) -> dict[str, Any]:
        """Call by the request class that the SDK has for the action."""
        module = importlib.import_module(f"aliyunsdkecs.request.v20140526.{action}Request")
        request = getattr(module, f"{action}Request")()
        for name, value in parameters.items():
            if name == "RegionId":
                # The SDK has the region of the client, unless the request names another.
                request.add_query_param(name, value)
                continue
            plural = getattr(request, f"set_{name}s", None)
            (plural or getattr(request, f"set_{name}"))(value)
        return self._send(request)

    def call_plainly(self, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Call by flat parameters in the query, as clients do that build requests themselves."""
        return self._send(self._plain(action, parameters))

    def call_for_xml(self, action: str, parameters: Mapping[str, str]) -> tuple[int, str]:
        """The HTTP status and the body of an answer in XML, errors included."""
        request = self._plain(action, parameters)
        request.set_endpoint(self._endpoint)
        request.set_accept_format("XML")
        # The SDK calls its one method that leaves a reply as it is deprecated.
        with pytest.deprecated_call():
            status, _, body = self._client.get_response(request)
        return status, body.decode()

    def call_by_form(self, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Call with the parameters in a form body and the rest in the query."""
        request = self._plain(action, {})
        for name, value in parameters.items():
            request.add_body_params(name, value)
        return self._send(request)

    def _plain(self, action: str, parameters: Mapping[str, str]) -> RpcRequest:
        request = RpcRequest("Ecs", VERSION, action)
        for name, value in parameters.items():
            request.add_query_param(name, value)
        return request

    def _send(self, request: RpcRequest) -> dict[str, Any]:
        request.set_endpoint(self._endpoint)
        request.set_method(self._method)
        try:
            body: bytes = self._client.do_action_with_exception(request)
        except ServerException as error:
            raise RefusedError(
                error.get_error_code(),
                error.get_error_msg(),
                error.get_http_status(),
                error.get_request_id(),
            ) from error
        reply: dict[str, Any] = json.loads(body)
        return reply


class Tea:
    """``alibabacloud_ecs20140526``; ``signature_algorithm="v2"`` makes it sign by version 1."""

    def __init__(
        self, service: Service, *, key_id: str = "", secret: str = "", algorithm: str | None = None
    ) -> None:
        """Set it up; the first account's key where none is given."""
        config = Config(
            access_key_id=key_id or service.access_key_id,
            access_key_secret=secret or service.access_key_secret,
            endpoint=service.ecs.removeprefix("http://"),
            protocol="http",
            region_id=REGION,
            signature_algorithm=algorithm,
        )
        self._client = EcsClient(config)

    def call(self, action: str, parameters: Parameters) -> dict[str, Any]:
        """Call by the method and the models that the SDK has for the action."""
        request = getattr(models, f"{action}Request")().from_map(dict(parameters))
        if hasattr(request, "region_id"):
            request.region_id = request.region_id or REGION
        method = re.sub(r"(?<!^)([A-Z])", r"_\1", action).lower()
        try:
            reply: dict[str, Any] = getattr(self._client, method)(request).body.to_map()
        except ClientException as error:
            raise RefusedError(
                error.code, error.message, error.status_code, error.request_id
            ) from error
        return reply


class NodeClient:
    """A client on Node.js, in a process of its own."""

    def __init__(self, process: node.NodeProcess) -> None:
        """Take over the process of its script."""
        self._process = process

    def call(self, action: str, parameters: Parameters) -> dict[str, Any]:
        """Call with parameters as the client flattens them."""
        reply: dict[str, Any] = self._process.ask(
            {"action": action, "parameters": {"RegionId": REGION, **parameters}}
        )
        return reply


@contextmanager
def _on_node(
    script: str, service: Service, *, key_id: str = "", secret: str = "", **settings: str
) -> Iterator[NodeClient]:
    key = {
        "accessKeyId": key_id or service.access_key_id,
        "accessKeySecret": secret or service.access_key_secret,
    }
    with node.started(script, {"endpoint": service.ecs, **key, **settings}) as process:
        yield NodeClient(process)


def pop_core(service: Service, *, method: str, **key: str) -> AbstractContextManager[NodeClient]:
    """``@alicloud/pop-core``, which sends by ``GET`` or ``POST``."""
    return _on_node("pop_core.js", service, method=method, **key)


def ecs_on_node(service: Service, **key: str) -> AbstractContextManager[NodeClient]:
    """``@alicloud/ecs20140526``."""
    return _on_node("ecs20140526.js", service, regionId=REGION, **key)


Opening = Callable[..., AbstractContextManager[Client]]

OPENINGS: dict[str, Opening] = {
    "python-v1-post": lambda service, **key: nullcontext(PythonV1(service, **key)),
    "python-v1-get": lambda service, **key: nullcontext(PythonV1(service, method="GET", **key)),
    "tea-v3": lambda service, **key: nullcontext(Tea(service, **key)),
    "tea-v1": lambda service, **key: nullcontext(Tea(service, algorithm="v2", **key)),
    "pop-core-get": lambda service, **key: pop_core(service, method="GET", **key),
    "pop-core-post": lambda service, **key: pop_core(service, method="POST", **key),
    "ecs-on-node": ecs_on_node,
}
"""Each official client, opened for a service and, where it is not the first account's, a key."""
