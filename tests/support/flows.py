"""What clients send that cannot be run here, request by request.

An ECS call is version 1 RPC as the Go SDKs sign it: also what is empty, within
the shortest read time-out that a client has, and a ``Code`` in a success is a
failure. An OSS call is signed by version 1 in the header, by ``oss2``.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlencode

import oss2
import urllib3

from imageferry.signing import rpc_v1
from support.refusals import RefusedError
from support.service import REGION, VERSION, Service

RAM_VERSION = "2015-05-01"
TIMEOUT_SECONDS = 10.0
"""Packer's, for every call; those of the others are longer (CLIENTS.md, 1.9)."""

Shape = Literal["POST", "FORM", "GET"]
Reply = dict[str, Any]


class RpcTool:
    """A tool's own way of calling."""

    def __init__(self, service: Service, shape: Shape, *, version: str = VERSION) -> None:
        """Set it up with the first account's key.

        Args:
            service: Whom it calls.
            shape: ``POST`` and ``GET`` have everything in the query and no body,
                ``FORM`` has what the action takes in a form body.
            version: The product's, of those that the service has.
        """
        self._service = service
        self._shape = shape
        self._version = version
        self._http = urllib3.PoolManager(retries=False, timeout=TIMEOUT_SECONDS)

    def call(self, action: str, /, **parameters: str) -> Reply:
        """The reply to a call in the tests' region.

        Raises:
            RefusedError: the API refuses it.
        """
        own = {"RegionId": REGION, **parameters}
        protocol = self._protocol(action)
        method = "GET" if self._shape == "GET" else "POST"
        pairs = tuple((protocol | own).items())
        text = rpc_v1.string_to_sign(method, pairs)
        protocol["Signature"] = rpc_v1.signature(self._service.access_key_secret, text)
        query, form = (protocol, own) if self._shape == "FORM" else (protocol | own, {})
        reply = self._http.request(
            method,
            f"{self._service.ecs}/?{urlencode(query)}",
            body=urlencode(form),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                # The Go SDK sends these with version 1 too.
                "x-acs-action": action,
                "x-acs-version": self._version,
            },
        )
        body: Reply = reply.json()
        if reply.status != 200:
            assert {"RequestId", "HostId", "Code"} <= set(body)
            # The Go SDK prints both.
            raise RefusedError(body["Code"], f"{body['Message']} {body['Recommend']}", reply.status)
        assert "Code" not in body
        return body

    def images(self, **parameters: str) -> list[Reply]:
        """The images of a DescribeImages."""
        found: list[Reply] = self.call("DescribeImages", **parameters)["Images"]["Image"]
        return found

    def _protocol(self, action: str) -> dict[str, str]:
        return {
            "Action": action,
            "Version": self._version,
            "Format": "JSON",
            "AccessKeyId": self._service.access_key_id,
            "SignatureMethod": rpc_v1.SIGNATURE_METHOD,
            "SignatureVersion": rpc_v1.SIGNATURE_VERSION,
            "SignatureType": "",
            "SecurityToken": "",
            "SignatureNonce": secrets.token_hex(16),
            "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


def disk(bucket: str, key: str, **members: str) -> dict[str, str]:
    """The parameters of an import's one disk."""
    named = {"OSSBucket": bucket, "OSSObject": key, **members}
    return {f"DiskDeviceMapping.1.{name}": value for name, value in named.items()}


def device(image: Reply) -> Reply:
    """The one disk of an image."""
    (only,) = image["DiskDeviceMappings"]["DiskDeviceMapping"]
    found: Reply = only
    return found


def oss_service(service: Service) -> oss2.Service:
    """The OSS service as ``oss2`` calls it."""
    return oss2.Service(oss2.Auth(service.access_key_id, service.access_key_secret), service.oss)


def oss_bucket(service: Service, name: str) -> oss2.Bucket:
    """A bucket as ``oss2`` calls it."""
    auth = oss2.Auth(service.access_key_id, service.access_key_secret)
    return oss2.Bucket(auth, service.oss, name)
