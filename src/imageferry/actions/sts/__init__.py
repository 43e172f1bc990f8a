"""The actions of STS that clients of ECS and OSS call: who they are, and temporary credentials."""

from __future__ import annotations

from imageferry.actions.product import product
from imageferry.actions.sts.assume_role import ASSUME_ROLE
from imageferry.actions.sts.get_caller_identity import GET_CALLER_IDENTITY

STS = product("sts", "2015-04-01", (GET_CALLER_IDENTITY, ASSUME_ROLE))
