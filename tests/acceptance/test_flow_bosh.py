"""bosh-alicloud-cpi: it waits for a stemcell's image without a status, and sees no failed one."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from support.flows import Reply, RpcTool, device, disk, oss_bucket
from support.refusals import RefusedError
from support.service import Service, until

BUCKET = "stemcells"
KEY = "bosh-stemcell.raw"


def asked() -> dict[str, str]:
    """What it asks an import for: the stemcell's format, and 0 for no size."""
    stemcell = {"ImageName": "stemcell", "OSType": "linux", "Architecture": "x86_64"}
    return stemcell | disk(BUCKET, KEY, Format="RAW", DiskImageSize="0")


def test_a_stemcell(service: Service) -> None:
    tool = RpcTool(service, "POST")
    bucket = oss_bucket(service, BUCKET)
    bucket.create_bucket()
    bucket.put_object(KEY, os.urandom(1 << 20))
    image_id = tool.call("ImportImage", **asked())["ImageId"]

    def ready() -> list[Reply]:
        found = tool.images(ImageId=image_id)
        assert {image["Status"] for image in found} <= {"Available"}
        return found

    (image,) = until(ready, 60, "The image")
    assert (device(image)["Size"], device(image)["Format"]) == ("1", "RAW")
    tool.call("DeleteImage", ImageId=image_id)
    assert ready() == []


def test_a_stemcell_that_is_being_imported(start_service: Callable[..., Service]) -> None:
    """ImageIsImporting is as good as a reply to it: it goes on to wait."""
    service = start_service("--no-worker")
    tool = RpcTool(service, "POST")
    service.put(BUCKET, KEY, os.urandom(4096))
    image_id = tool.call("ImportImage", **asked())["ImageId"]

    with pytest.raises(RefusedError, match=image_id) as refused:
        tool.call("ImportImage", **asked())

    assert refused.value.code == "ImageIsImporting"
    assert tool.images(ImageId=image_id) == []
    assert tool.images(ImageName="stemcell", Status="Waiting,Creating")
