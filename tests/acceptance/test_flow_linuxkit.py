"""`linuxkit push alibabacloud`: roles first, then the upload, the import, and no waiting."""

from __future__ import annotations

import json
import os

import pytest

from support.flows import RAM_VERSION, RpcTool, disk, oss_bucket
from support.refusals import RefusedError
from support.service import Service

BUCKET = "linuxkit"
ROLE = "AliyunECSImageImportDefaultRole"
POLICY = {"PolicyType": "System", "PolicyName": "AliyunECSImageImportRolePolicy"}
TRUST = json.dumps({"Version": "1", "Statement": [{"Action": "sts:AssumeRole"}]})


def ensure_role(ram: RpcTool) -> None:
    """Make the role and attach its policy, where either is not there."""
    for action, parameters, there in (
        ("CreateRole", {"AssumeRolePolicyDocument": TRUST}, "EntityAlreadyExists.Role"),
        ("AttachPolicyToRole", POLICY, "EntityAlreadyExists.Role.Policy"),
    ):
        with pytest.raises(RefusedError) as refused:
            ram.call(action, RoleName=ROLE, **parameters)
        assert (refused.value.code, refused.value.status) == (there, 409)
    assert ram.call("GetRole", RoleName=ROLE)["Role"]["RoleName"] == ROLE
    policies = ram.call("ListPoliciesForRole", RoleName=ROLE)["Policies"]["Policy"]
    assert POLICY["PolicyName"] in {policy["PolicyName"] for policy in policies}
    assert ram.call("GetPolicy", **POLICY)["Policy"]["PolicyName"] == POLICY["PolicyName"]


def test_push(service: Service) -> None:
    """The NVMe flag is set while the image is being made, and is kept when it is ready."""
    service.make_bucket(BUCKET)
    ensure_role(RpcTool(service, "POST", version=RAM_VERSION))
    bucket = oss_bucket(service, BUCKET)
    assert bucket.endpoint.startswith("http://")
    bucket.put_object("linuxkit.raw", os.urandom(8 << 20))
    tool = RpcTool(service, "POST")

    reply = tool.call(
        "ImportImage",
        ImageName="linuxkit",
        Description="linuxkit",
        BootMode="UEFI",
        **disk(BUCKET, "linuxkit.raw", DiskImageSize="5"),
    )
    nvme = {"Features.NvmeSupport": "supported"}
    tool.call("ModifyImageAttribute", ImageId=reply["ImageId"], **nvme)

    assert service.wait_for(reply["TaskId"])["TaskStatus"] == "Finished"
    (image,) = tool.images(ImageId=reply["ImageId"])
    assert (image["BootMode"], image["Features"]["NvmeSupport"]) == ("UEFI", "supported")
