"""The call that code is written for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from imageferry.actions.product import AnyAction, Product
from imageferry.actions.registry import EXTENSIONS
from imageferry.console.samples.values import Struct, nested
from imageferry.signing.encoding import Pair

_NUMBER = re.compile(r"\.\d+(?=\.|$)")

NOT_IN_SDKS = frozenset(
    {
        ("ImportImage", "DiskDeviceMapping.N.SHA256"),
        ("ImportImage", "Priority"),
        ("ExportImage", "Compression"),
        ("ExportImage", "Priority"),
        ("CopyImage", "Priority"),
        ("CancelTask", "Reason"),
        ("DescribeRegions", "RegionId"),
    }
)
"""Parameters that the models of the official SDKs do not have: the action, the name."""


@dataclass(frozen=True)
class SampleCall:
    """One call of an action.

    Attributes:
        product: The product of the action.
        action: The action.
        parameters: Names and values as they are on the wire.
        endpoint: Where the API is, as ``http://host:port``.
        region: The region that a client is set up for.
    """

    product: Product
    action: AnyAction
    parameters: tuple[Pair, ...]
    endpoint: str
    region: str

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""
        return urlsplit(self.endpoint).scheme

    @property
    def host(self) -> str:
        """The address, ``host:port``."""
        return urlsplit(self.endpoint).netloc

    @cached_property
    def request(self) -> Struct:
        """The parameters as the SDK's request has them."""
        return nested(self.action.request, f"{self.action.name}Request", dict(self.parameters))

    @property
    def has_models(self) -> bool:
        """Whether the official SDK of ECS has a model for this very call."""
        names = {(self.action.name, _NUMBER.sub(".N", name)) for name, _ in self.parameters}
        is_known = self.product.name == "ecs" and self.action.name not in EXTENSIONS
        return is_known and not names & NOT_IN_SDKS
