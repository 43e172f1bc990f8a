"""bosh-alicloud-cpi: 0 for no size, and no status while it waits for a stemcell's image.

That it may go on at ImageIsImporting is shown with Packer and F5.
"""

from __future__ import annotations

import os

from support.flows import Reply, RpcTool, device, disk, oss_bucket
from support.service import Service, until

BUCKET = "stemcells"
KEY = "bosh-stemcell.raw"


def test_a_stemcell(service: Service) -> None:
    tool = RpcTool(service, "POST")
    bucket = oss_bucket(service, BUCKET)
    bucket.create_bucket()
    bucket.put_object(KEY, os.urandom(1 << 20))
    asked = {"ImageName": "stemcell", "OSType": "linux", "Architecture": "x86_64"}
    source = disk(BUCKET, KEY, Format="RAW", DiskImageSize="0")
    image_id = tool.call("ImportImage", **asked, **source)["ImageId"]

    def ready() -> list[Reply]:
        found = tool.images(ImageId=image_id)
        assert {image["Status"] for image in found} <= {"Available"}
        return found

    (image,) = until(ready, 60, "The image")
    assert (device(image)["Size"], device(image)["Format"]) == ("1", "RAW")
    tool.call("DeleteImage", ImageId=image_id)
    assert ready() == []
