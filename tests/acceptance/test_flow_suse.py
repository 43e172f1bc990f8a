"""SUSE's real aliyun-img-utils, unmodified: it goes where its hosts lead, by proxy variables.

Its ECS calls are plain HTTP, so ``HTTP_PROXY`` leads them to the service itself.
Its OSS calls are HTTPS, so ``HTTPS_PROXY`` leads them to one that ends the TLS.
mash uses the same package as a library, for the same steps.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.service import REGION, Service, until
from support.tls_proxy import TlsProxy, tls_proxy

BUCKET = "suse"
HOST = "oss-accelerate.aliyuncs.com"
ELSEWHERE = "cn-beijing"
MIB = 1 << 20
NAME = ("--image-name", "sles-15-sp7")
SHOWN = ("Available", "SLES", "SUSE")
DEPRECATED = {"Deprecated on", "Removal date"}
FAILED = "Failed to"
CREATE = ("create", *NAME, "--image-description", "SLES", "--platform", "SUSE")

# It looks at an image every 30 s, which a test has no time for: Python itself reads this.
IMPATIENCE = "import time\nsleep = time.sleep\ntime.sleep = lambda _: sleep(0.1)\n"

Tool = Callable[..., str]


@pytest.fixture
def proxy(service: Service, tmp_path: Path) -> Iterator[TlsProxy]:
    """What ends the TLS of the OSS calls."""
    with tls_proxy(tmp_path, service.oss, [HOST, f"*.{HOST}"]) as running:
        yield running


@pytest.fixture
def tool(service: Service, proxy: TlsProxy, tmp_path: Path) -> Tool:
    """Runs the tool, and returns what it prints."""
    (tmp_path / "sitecustomize.py").write_text(IMPATIENCE)
    environment = os.environ | {
        "HTTP_PROXY": service.ecs,
        "HTTPS_PROXY": proxy.url,
        "NO_PROXY": "",
        "REQUESTS_CA_BUNDLE": str(proxy.certificate),
        "PYTHONPATH": str(tmp_path),
        "HOME": str(tmp_path),
    }
    key = ("--access-key", service.access_key_id, "--access-secret", service.access_key_secret)
    where = ("--region", REGION, "--bucket-name", BUCKET, "--no-color")

    def run(verb: str, *arguments: str, exit_code: int = 0, typed: str = "") -> str:
        command = Path(sys.executable).with_name("aliyun-img-utils")
        done = subprocess.run(
            [command, "image", verb, *arguments, *key, *where],
            env=environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == exit_code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_an_upload_in_parts(tool: Tool, proxy: TlsProxy, service: Service, tmp_path: Path) -> None:
    """It looks for the object first: a 404 without ``x-oss-err`` is fatal to it."""
    service.make_bucket(BUCKET)
    disk = tmp_path / "parts.raw"
    disk.write_bytes(os.urandom(11 * MIB))

    tool("upload", "--image-file", str(disk))
    again = tool("upload", "--image-file", str(disk), exit_code=1)
    tool("upload", "--image-file", str(disk), "--force-replace-image")

    assert "parts.raw already exists" in again
    assert service.get(BUCKET, "parts.raw") == disk.read_bytes()
    assert set(proxy.asked) == {f"{BUCKET}.{HOST}:443"}


def test_an_image_s_whole_life(tool: Tool, service: Service, tmp_path: Path) -> None:
    (tmp_path / "sles.raw").write_bytes(os.urandom(MIB))
    service.put(BUCKET, "sles.raw", tmp_path / "sles.raw")
    everywhere = ("--regions", f"{REGION},{ELSEWHERE}")

    created = tool(*CREATE, "--blob-name", "sles.raw", "--disk-size", "20", "--nvme-support")
    image = shown(tool)
    assert f"Image created with id: {image['ImageId']}" in created
    assert (image["Status"], image["Description"], image["Platform"]) == SHOWN
    assert image["Features"]["NvmeSupport"] == "supported"
    assert image["DiskDeviceMappings"]["DiskDeviceMapping"][0]["Size"] == "20"

    (copy,) = document(tool("replicate", *NAME, *everywhere)).items()
    assert copy[0] == ELSEWHERE
    until(lambda: status(service, copy[1], ELSEWHERE) == "Available", 60, "The copy")

    assert FAILED not in tool("deprecate", *NAME, *everywhere)
    assert {tag["TagKey"] for tag in shown(tool)["Tags"]["Tag"]} == DEPRECATED
    service.call("ModifyImageAttribute", ImageId=image["ImageId"], Status="Deprecated")
    assert FAILED not in tool("activate", *NAME, "--regions", REGION)
    assert shown(tool)["Status"] == "Available"

    assert "ForbiddenParameter.LaunchPermission" in tool(
        "publish", *NAME, "--launch-permission", "EXPLICIT", "--regions", REGION
    )
    assert document(tool("share-permission", *NAME))["Accounts"] == {"Account": []}

    assert FAILED not in tool("delete", *NAME, *everywhere, typed="y")
    assert status(service, image["ImageId"], REGION) is None
    assert status(service, copy[1], ELSEWHERE) is None


def test_a_refused_import_gives_its_reason(tool: Tool, service: Service) -> None:
    service.put(BUCKET, "broken.qcow2", b"QFI\xfb" + bytes(508))

    printed = tool(*CREATE, "--blob-name", "broken.qcow2", exit_code=1)

    assert "Unable to create image" in printed
    assert "broken.qcow2" in printed


def document(printed: str) -> dict[str, Any]:
    """The JSON document in what the tool prints."""
    found, _ = json.JSONDecoder().raw_decode(printed, printed.index("{"))
    assert isinstance(found, dict)
    return found


def shown(tool: Tool) -> dict[str, Any]:
    """The image as the tool shows it."""
    return document(tool("info", *NAME))


def status(service: Service, image_id: str, region: str) -> str | None:
    """The status of an image, if there is one."""
    reply = service.call("DescribeImages", RegionId=region, ImageId=image_id, Status="ALL")
    return next((image["Status"] for image in reply["Images"]["Image"]), None)
