"""ImportImage: the SHA-256 that an object is to have, and who may say it."""

from __future__ import annotations

import pytest

from support.api import Api

HASH = "ab" * 32
OTHER = "cd" * 32
TAG = {"Tag__1__Key": "purpose", "Tag__2__Key": "imageferry:sha256"}


def expected(api: Api, task_id: str) -> dict[str, str]:
    """What the task tells of the hash that its first disk is to have."""
    task = api.call("DescribeTaskAttribute", TaskId=task_id)
    disk = task["OperationProgressSet"]["OperationProgress"][0]
    return {
        item["Name"]: item["Value"]
        for item in disk["RelatedItemSet"]["RelatedItem"]
        if item["Name"].startswith("ExpectedSHA256")
    }


def put_with_hash(api: Api, sha256: str) -> None:
    """Store an object that says its hash itself."""
    api.put("other", b"\x01" * 4096)
    api.store.bucket("golden").put("disk.raw", [b"\x01" * 4096], metadata={"sha256": sha256})


def test_nothing_is_expected_where_nobody_says_it(api: Api) -> None:
    assert expected(api, api.import_image()["TaskId"]) == {}


def test_a_parameter_says_it(api: Api) -> None:
    reply = api.import_image(DiskDeviceMapping__1__SHA256=HASH.upper())

    assert expected(api, reply["TaskId"]) == {
        "ExpectedSHA256": HASH,
        "ExpectedSHA256Source": "parameter DiskDeviceMapping.1.SHA256",
    }


def test_a_tag_says_it(api: Api) -> None:
    reply = api.import_image(**TAG, Tag__2__Value=HASH.upper())

    assert expected(api, reply["TaskId"]) == {
        "ExpectedSHA256": HASH,
        "ExpectedSHA256Source": "tag imageferry:sha256",
    }


def test_the_object_says_it(api: Api) -> None:
    put_with_hash(api, HASH.upper())

    assert expected(api, api.import_image()["TaskId"]) == {
        "ExpectedSHA256": HASH,
        "ExpectedSHA256Source": "metadata x-oss-meta-sha256",
    }


def test_what_other_programs_write_into_the_metadata_is_no_hash(api: Api) -> None:
    put_with_hash(api, "q80=")

    assert expected(api, api.import_image()["TaskId"]) == {}


def test_the_most_explicit_word_is_told(api: Api) -> None:
    put_with_hash(api, HASH)
    by_parameter = {"DiskDeviceMapping__1__SHA256": HASH}
    by_tag = {**TAG, "Tag__2__Value": HASH}

    said_by = [
        expected(api, api.import_image(**parameters)["TaskId"])["ExpectedSHA256Source"]
        for parameters in (by_parameter | by_tag, by_tag, {})
    ]

    assert said_by == [
        "parameter DiskDeviceMapping.1.SHA256",
        "tag imageferry:sha256",
        "metadata x-oss-meta-sha256",
    ]


@pytest.mark.parametrize(
    "parameters",
    [
        {"DiskDeviceMapping__1__SHA256": OTHER},
        {**TAG, "Tag__2__Value": OTHER},
        {"DiskDeviceMapping__1__SHA256": HASH, **TAG, "Tag__2__Value": OTHER},
    ],
    ids=["parameter and metadata", "tag and metadata", "parameter and tag"],
)
def test_a_disagreement_is_refused_beforehand(api: Api, parameters: dict[str, str]) -> None:
    put_with_hash(api, HASH)
    before = api.count()

    refused = api.refusal(
        "ImportImage",
        DiskDeviceMapping__1__OSSBucket="golden",
        DiskDeviceMapping__1__OSSObject="disk.raw",
        **parameters,
    )

    assert (refused.code.status, refused.code.code) == (400, "InvalidSHA256")
    assert HASH in refused.recommend
    assert OTHER in refused.recommend
    assert "correct or leave out the other" in refused.recommend
    assert api.count() == before


@pytest.mark.parametrize("value", ["abc", "g" * 64, "a" * 63, "a" * 65])
def test_what_is_no_hash_is_refused(api: Api, value: str) -> None:
    api.put("disk.raw", b"\x01" * 4096)
    disk = {
        "DiskDeviceMapping__1__OSSBucket": "golden",
        "DiskDeviceMapping__1__OSSObject": "disk.raw",
    }

    by_parameter = api.refusal("ImportImage", **disk, DiskDeviceMapping__1__SHA256=value)
    by_tag = api.refusal("ImportImage", **disk, **TAG, Tag__2__Value=value)

    for refused, name in (
        (by_parameter, "DiskDeviceMapping.1.SHA256"),
        (by_tag, "Tag.2.Value"),
    ):
        assert refused.code.code == "InvalidSHA256"
        for part in (name, value[:64], "64 hexadecimal digits"):
            assert part in refused.recommend


def test_a_tag_cannot_speak_of_several_disks(api: Api) -> None:
    api.put("disk.raw", b"\x01" * 4096)
    disks = {
        f"DiskDeviceMapping__{number}__{name}": value
        for number in (1, 2)
        for name, value in (("OSSBucket", "golden"), ("OSSObject", "disk.raw"))
    }

    refused = api.refusal("ImportImage", **disks, **TAG, Tag__2__Value=HASH)

    assert refused.code.code == "InvalidSHA256"
    assert "DiskDeviceMapping.N.SHA256" in refused.recommend


def test_each_of_several_disks_has_a_hash_of_its_own(api: Api) -> None:
    api.put("disk.raw", b"\x01" * 4096)
    reply = api.import_image(
        DiskDeviceMapping__1__SHA256=HASH,
        DiskDeviceMapping__2__OSSBucket="golden",
        DiskDeviceMapping__2__OSSObject="disk.raw",
        DiskDeviceMapping__2__SHA256=OTHER,
    )

    assert expected(api, reply["TaskId"])["ExpectedSHA256"] == HASH
