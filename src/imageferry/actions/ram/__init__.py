"""The actions of RAM that clients call before they import: looking for ECS's role, or making it."""

from __future__ import annotations

from imageferry.actions.product import product
from imageferry.actions.ram.attach_policy_to_role import ATTACH_POLICY_TO_ROLE
from imageferry.actions.ram.create_role import CREATE_ROLE
from imageferry.actions.ram.get_policy import GET_POLICY
from imageferry.actions.ram.get_role import GET_ROLE
from imageferry.actions.ram.list_policies_for_role import LIST_POLICIES_FOR_ROLE
from imageferry.actions.ram.update_role import UPDATE_ROLE

RAM = product(
    "ram",
    "2015-05-01",
    (
        GET_ROLE,
        CREATE_ROLE,
        UPDATE_ROLE,
        LIST_POLICIES_FOR_ROLE,
        ATTACH_POLICY_TO_ROLE,
        GET_POLICY,
    ),
)
