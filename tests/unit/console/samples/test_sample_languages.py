from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client

from imageferry.actions.declaration import Model, fields
from imageferry.actions.product import AnyAction, Product
from imageferry.actions.registry import ACTIONS, ECS, EXTENSIONS, PRODUCTS
from imageferry.actions.sts import STS
from imageferry.console.samples.call import NOT_IN_SDKS, SampleCall
from imageferry.console.samples.languages import LANGUAGES, samples
from imageferry.console.samples.literals import camel_case, snake_case
from imageferry.signing import acs_v3

SECRET = "Zx81hQ"
ENDPOINT = "http://127.0.0.1:8080"
NODE_MODELS = (
    Path(__file__).resolve().parents[3]
    / "acceptance/node/node_modules/@alicloud/ecs20140526/dist/models"
)
IMPORT = {
    "RegionId": "cn-hangzhou",
    "ImageName": "debian-13",
    "DiskDeviceMapping.1.OSSBucket": "golden",
    "DiskDeviceMapping.1.OSSObject": "debian 13.qcow2",
    "DiskDeviceMapping.1.DiskImageSize": "20",
    "Tag.1.Key": "created-by",
    "Tag.1.Value": "ci",
    "DryRun": "true",
}


def sample_call(action: str, parameters: dict[str, str], product: Product = ECS) -> SampleCall:
    return SampleCall(
        product, product.actions[action], tuple(parameters.items()), ENDPOINT, "cn-hangzhou"
    )


def code(action: str, parameters: dict[str, str], product: Product = ECS) -> dict[str, str]:
    call = sample_call(action, parameters, product)
    signed = acs_v3.sign(
        access_key_id="LTAI",
        access_key_secret=SECRET,
        host=call.host,
        action=action,
        version=product.version,
        date=datetime(2026, 11, 22, tzinfo=UTC),
        nonce="nonce",
        form=call.parameters,
    )
    return {sample.language.key: sample.code for sample in samples(call, signed)}


def names(model: type[Model], path: str = "") -> Iterator[tuple[str, str, str]]:
    """Each field of a request: the part of the path that names its class, its name, its path."""
    for field in fields(model):
        yield path.replace(".N", "").replace(".", ""), field.wire, path + field.wire
        if field.model is not None:
            below = path + field.wire + (".N." if field.repeated else ".")
            yield from names(field.model, below)


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.name)
def test_the_models_of_the_sdks_have_the_parameters_that_are_said_to_be_there(
    action: AnyAction,
) -> None:
    assert hasattr(Client, snake_case(action.name))
    node = (NODE_MODELS / f"{action.name}Request.d.ts").read_text()
    for part, name, path in names(action.request):
        python = getattr(models, f"{action.name}Request{part}")
        known = snake_case(name) in inspect.signature(python.__init__).parameters
        assert known == ((action.name, path) not in NOT_IN_SDKS), path
        assert not known or re.search(rf"^    {camel_case(name)}\?:", node, re.MULTILINE), path


@pytest.mark.parametrize("action", sorted(EXTENSIONS))
def test_what_is_ours_alone_has_no_model_and_is_called_by_its_name(action: str) -> None:
    assert not hasattr(Client, snake_case(action))
    found = code(action, {"RegionId": "cn-hangzhou", "TaskId": "t-1"})
    assert f'"{action}"' in found["python"]


def test_every_action_has_code_in_every_language() -> None:
    for product in PRODUCTS:
        for action in product.actions.values():
            found = code(action.name, action.example, product)
            wanted = {language.key for language in LANGUAGES} - {"imageferry", "node-legacy"}
            assert wanted <= found.keys()
            assert all(action.name in text for key, text in found.items() if key == "curl")


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.name)
def test_python_code_compiles_without_a_warning(product: Product) -> None:
    for action in product.actions.values():
        found = code(action.name, action.example, product)
        for key in ("python", "python-legacy"):
            compile(found[key], key, "exec")


def test_code_never_holds_a_secret() -> None:
    assert all(SECRET not in text for text in code("ImportImage", IMPORT).values())


def test_go_sets_nested_values_by_the_names_of_the_sdk() -> None:
    text = code("ImportImage", IMPORT)["go"]

    assert (
        "\trequest := new(ecs.ImportImageRequest).\n"
        '\t\tSetRegionId("cn-hangzhou").\n'
        "\t\tSetDiskDeviceMapping([]*ecs.ImportImageRequestDiskDeviceMapping{\n"
        "\t\t\tnew(ecs.ImportImageRequestDiskDeviceMapping).\n"
        '\t\t\t\tSetOSSBucket("golden").\n'
        '\t\t\t\tSetOSSObject("debian 13.qcow2").\n'
        "\t\t\t\tSetDiskImageSize(20),\n"
        "\t\t}).\n"
    ) in text
    assert "client.ImportImage(request)" in text
    _check_brackets(text)


def test_go_points_to_the_texts_of_a_list() -> None:
    found = code("DescribeTasks", {"RegionId": "cn-hangzhou", "ResourceIds.1": "m-1"})["go"]

    assert 'SetResourceIds([]*string{\n\t\t\tdara.String("m-1"),\n\t\t})' in found


def test_java_sets_nested_values_by_the_names_of_the_sdk() -> None:
    text = code("ImportImage", IMPORT)["java"]

    assert (
        "        ImportImageRequest request = new ImportImageRequest()\n"
        '            .setRegionId("cn-hangzhou")\n'
        "            .setDiskDeviceMapping(Arrays.asList(\n"
        "                new ImportImageRequest.ImportImageRequestDiskDeviceMapping()\n"
        '                    .setOSSBucket("golden")\n'
    ) in text
    assert "client.importImage(request)" in text
    _check_brackets(text)


def test_the_aliyun_cli_is_called_by_names_on_the_wire() -> None:
    assert code("ImportImage", IMPORT)["aliyun"].split(" \\\n  ") == [
        "aliyun ecs ImportImage",
        "--RegionId cn-hangzhou",
        "--ImageName debian-13",
        "--DiskDeviceMapping.1.OSSBucket golden",
        "--DiskDeviceMapping.1.OSSObject 'debian 13.qcow2'",
        "--DiskDeviceMapping.1.DiskImageSize 20",
        "--Tag.1.Key created-by",
        "--Tag.1.Value ci",
        "--DryRun true",
        "--endpoint 127.0.0.1:8080 --insecure\n",
    ]


def test_the_aliyun_cli_is_told_of_what_it_does_not_know() -> None:
    found = code("GetCallerIdentity", {}, STS)["aliyun"]

    assert "--version 2015-04-01 --force" in found


@pytest.mark.parametrize("language", ["go", "java"])
def test_what_no_model_has_is_said_without_models(language: str) -> None:
    found = code("CancelTask", {"RegionId": "cn-hangzhou", "TaskId": "t-1", "Reason": "enough"})

    assert '"Reason"' in found[language]
    assert '"CancelTask"' in found[language]
    assert "ecs20140526" not in found[language]
    _check_brackets(found[language])


def _check_brackets(text: str) -> None:
    """Every bracket outside of quotes is closed in its order."""
    outside = re.sub(r'"(?:\\.|[^"\\])*"', "", text)
    opened: list[Any] = []
    for character in outside:
        if character in "([{":
            opened.append(character)
        elif character in ")]}":
            assert opened.pop() + character in {"()", "[]", "{}"}
    assert not opened
