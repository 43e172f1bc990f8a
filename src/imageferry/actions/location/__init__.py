"""The action of Location by which clients find the other products' addresses."""

from __future__ import annotations

from imageferry.actions.location.describe_endpoints import DESCRIBE_ENDPOINTS
from imageferry.actions.product import product

LOCATION = product("location", "2015-06-12", (DESCRIBE_ENDPOINTS,))
