"""Importing, exporting and deleting by the command, against a real service."""

from __future__ import annotations

import gzip
import hashlib
import secrets
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from imageferry.cli import objects
from imageferry.cli.main import main
from support.command import document, run
from support.service import Service

MIB = 2**20


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A raw disk image with something in it."""
    path = tmp_path / f"disk-{secrets.token_hex(4)}.raw"
    path.write_bytes(secrets.token_bytes(MIB) + bytes(MIB))
    return path


def image(service: Service, image_id: str) -> dict[str, object]:
    images = service.call("DescribeImages", ImageId=image_id, Status="ALL")["Images"]["Image"]
    (found,) = images
    return dict(found)


def test_a_file_goes_in_and_comes_back_out(service: Service, disk: Path, tmp_path: Path) -> None:
    imported = document(service, "import", str(disk))
    assert imported["Task"]["TaskStatus"] == "Finished"

    exported = document(
        service,
        "export",
        imported["ImageId"],
        "--bucket",
        "imports-cn-hangzhou",
        "--output",
        str(tmp_path / "back.tar.gz"),
    )

    assert exported["Files"] == [str(tmp_path / "back.tar.gz")]
    with tarfile.open(tmp_path / "back.tar.gz") as archive:
        (member,) = archive.getmembers()
        packed = archive.extractfile(member)
        assert packed is not None
        assert packed.read() == disk.read_bytes()


def test_a_compressed_file_goes_in(service: Service, disk: Path, tmp_path: Path) -> None:
    packed = disk.with_name(disk.name + ".gz")
    packed.write_bytes(gzip.compress(disk.read_bytes()))

    imported = document(service, "import", str(packed))

    assert imported["Task"]["TaskStatus"] == "Finished"
    copy = tmp_path / "back.tar.gz"
    document(
        service,
        "export",
        imported["ImageId"],
        "--bucket",
        "imports-cn-hangzhou",
        "--output",
        str(copy),
    )
    with tarfile.open(copy) as archive:
        unpacked = archive.extractfile(archive.getmembers()[0])
        assert unpacked is not None
        assert unpacked.read() == disk.read_bytes()


def test_an_import_tells_what_people_need(service: Service, disk: Path) -> None:
    result = run(service, "import", str(disk), "--bucket", "cli-human")

    assert result.exit_code == 0
    facts = dict(line.split("\t") for line in result.stdout.splitlines())
    assert facts.keys() == {"ImageId", "TaskId", "TaskStatus"}
    assert facts["TaskStatus"] == "Finished"
    assert f"upload {disk.name} (2.0 MiB)" in result.stderr
    assert f"Task {facts['TaskId']}" in result.stderr


def test_every_option_of_an_import_arrives(service: Service, disk: Path) -> None:
    service.put("cli-options", "disk.raw", disk)
    name = f"cli-{secrets.token_hex(4)}"

    imported = document(
        service,
        "import",
        "oss://cli-options/disk.raw",
        "--name",
        name,
        "--description",
        "by a test",
        "--os-type",
        "windows",
        "--platform",
        "Windows Server 2022",
        "--architecture",
        "x86_64",
        "--boot-mode",
        "UEFI",
        "--license-type",
        "BYOL",
        "--format",
        "raw",
        "--size",
        "3",
        "--nvme-support",
        "supported",
        "--imds-support",
        "v2",
        "--tag",
        "made-by=cli",
        "--tag",
        "empty=",
        "--resource-group-id",
        "rg-1",
    )

    found = image(service, imported["ImageId"])
    expected = {
        "ImageName": name,
        "Description": "by a test",
        "OSType": "windows",
        "Platform": "Windows Server 2022",
        "Architecture": "x86_64",
        "BootMode": "UEFI",
        "LicenseType": "BYOL",
        "Size": 3,
        "ResourceGroupId": "rg-1",
        "Features": {"NvmeSupport": "supported", "ImdsSupport": "v2"},
        "Tags": {
            "Tag": [
                {"TagKey": "empty", "TagValue": ""},
                {"TagKey": "made-by", "TagValue": "cli"},
            ]
        },
    }
    assert {key: found[key] for key in expected} == expected


def test_data_disks_come_along_and_go_out_into_a_folder(
    service: Service, disk: Path, tmp_path: Path
) -> None:
    service.put("cli-disks", "data.raw", bytes(MIB))
    imported = document(
        service, "import", str(disk), "--disk", "oss://cli-disks/data.raw", "--bucket", "cli-disks"
    )
    image_id = imported["ImageId"]

    refused = run(service, "export", image_id, "oss://cli-disks", "--output", str(tmp_path / "x"))
    assert refused.exit_code == 2
    assert "has several disks" in refused.stderr

    folder = tmp_path / "out"
    folder.mkdir()
    exported = document(
        service,
        "export",
        image_id,
        "oss://cli-disks/night",
        "--format",
        "qcow2",
        "--output",
        str(folder),
    )
    assert sorted(path.name for path in folder.iterdir()) == [
        f"night_{image_id}_data_xvdb.qcow2",
        f"night_{image_id}_system.qcow2",
    ]
    for path, operation in zip(
        exported["Files"],
        exported["Task"]["OperationProgressSet"]["OperationProgress"],
        strict=True,
    ):
        items = {item["Name"]: item["Value"] for item in operation["RelatedItemSet"]["RelatedItem"]}
        assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == items["SHA256"]


def test_a_large_file_goes_up_in_parts(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "SINGLE_PUT_BYTES", MIB)
    monkeypatch.setattr(objects, "LEAST_PART_BYTES", MIB)
    path = tmp_path / f"large-{secrets.token_hex(4)}.raw"
    path.write_bytes(secrets.token_bytes(5 * MIB + 512))

    document(service, "import", str(path), "--bucket", "cli-parts")

    assert service.get("cli-parts", path.name) == path.read_bytes()


def test_the_hash_of_a_file_is_expected_of_its_object(service: Service, disk: Path) -> None:
    imported = document(service, "import", str(disk), "--bucket", "cli-hash")

    items = imported["Task"]["OperationProgressSet"]["OperationProgress"][0]["RelatedItemSet"]
    found = {item["Name"]: item["Value"] for item in items["RelatedItem"]}
    assert found["SHA256"] == found["ExpectedSHA256"]
    assert found["SHA256"] == hashlib.sha256(disk.read_bytes()).hexdigest()


def test_an_object_of_another_hash_is_not_imported(service: Service, disk: Path) -> None:
    result = run(service, "import", str(disk), "--bucket", "cli-other", "--sha256", "ab" * 32)

    assert result.exit_code == 3
    assert "InvalidOSSObject.ChecksumMismatch" in result.stderr
    assert "ab" * 32 in result.stderr
    assert hashlib.sha256(disk.read_bytes()).hexdigest() in result.stderr


def test_a_failed_upload_in_parts_leaves_nothing(
    service: Service, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "SINGLE_PUT_BYTES", 0)
    monkeypatch.setattr(objects.Objects, "exists", lambda *_: False)
    service.put("cli-broken", disk.name, b"is there")

    failed = document(service, "import", str(disk), "--bucket", "cli-broken", exit_code=1)

    assert failed["Error"]["Code"] == "FileAlreadyExists"
    assert service.get("cli-broken", disk.name) == b"is there"
    assert service.uploads("cli-broken") == []


def test_a_bucket_that_is_not_there_is_named(service: Service) -> None:
    result = run(service, "buckets", "cli-nobody-s")

    assert result.exit_code == 1
    assert "The bucket is 'cli-nobody-s': `imageferry buckets` lists" in result.stderr


def test_an_object_of_the_same_name_is_kept(service: Service, disk: Path) -> None:
    service.put("cli-names", disk.name, b"something else")

    imported = document(service, "import", str(disk), "--bucket", "cli-names")

    items = imported["Task"]["OperationProgressSet"]["OperationProgress"][0]["RelatedItemSet"]
    key = {item["Name"]: item["Value"] for item in items["RelatedItem"]}["OSSObject"]
    assert key.startswith(disk.stem + "-")
    assert service.get("cli-names", disk.name) == b"something else"


def test_dry_runs_change_nothing(service: Service, disk: Path) -> None:
    service.put("cli-dry", "disk.raw", disk)

    assert document(service, "import", "oss://cli-dry/disk.raw", "--dry-run")["DryRun"] is True
    result = run(service, "import", "oss://cli-dry/disk.raw", "--dry-run")
    assert (result.exit_code, result.stdout) == (0, "The import would be carried out.\n")
    assert run(service, "import", str(disk), "--dry-run").exit_code == 2
    assert document(service, "import", "oss://cli-dry/no.raw", "--dry-run", exit_code=1)


def test_a_name_that_is_taken_is_refused_before_a_file_is_uploaded(
    service: Service, disk: Path
) -> None:
    name = f"cli-{secrets.token_hex(4)}"
    image_id = document(service, "import", str(disk), "--name", name)["ImageId"]

    again = ("import", str(disk), "--name", name, "--bucket", "cli-taken")
    refused = document(service, *again, exit_code=1)["Error"]

    assert refused["Code"] == "InvalidImageName.Duplicated"
    assert image_id in refused["Recommend"]
    assert run(service, "buckets", "cli-taken").exit_code == 1


def test_a_region_that_is_none_is_refused_before_a_file_is_uploaded(
    service: Service, disk: Path
) -> None:
    refused = document(service, "import", str(disk), "--region", "mars", exit_code=1)["Error"]

    assert refused["Code"] == "InvalidRegionId.NotFound"
    assert run(service, "buckets", "imports-mars").exit_code == 1


def test_a_refusal_has_its_code_and_remedy(service: Service) -> None:
    refused = run(service, "import", "oss://no-such-bucket/disk.raw")

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: InvalidOSSBucket.NotFound: ")
    assert "no-such-bucket" in refused.stderr
    assert "\n  Request " in refused.stderr


def test_images_are_listed_and_deleted(service: Service, disk: Path) -> None:
    name = f"cli-{secrets.token_hex(4)}"
    image_id = document(service, "import", str(disk), "--name", name)["ImageId"]

    (row,) = run(service, "images", "--name", name).stdout.splitlines()
    assert row.split("\t")[:4] == [image_id, name, "Available", "1"]
    listed = document(service, "images", image_id, "--status", "Available")["Images"]["Image"]
    assert [found["ImageName"] for found in listed] == [name]

    assert document(service, "delete", image_id, "--dry-run")["DryRun"] is True
    assert run(service, "delete", image_id).stdout == f"Image {image_id} is deleted.\n"
    assert run(service, "images", image_id).stdout == ""
    assert document(service, "delete", image_id, exit_code=1)["Error"]["Code"] == (
        "InvalidImageId.NotFound"
    )


def test_buckets_and_their_objects_are_listed(service: Service) -> None:
    assert run(service, "buckets", "cli-list", "--create").exit_code == 0
    service.put("cli-list", "night/a b", b"12345")
    service.put("cli-list", "day", b"1")

    assert "cli-list\tcn-hangzhou\t" in run(service, "buckets").stdout
    rows = run(service, "buckets", "cli-list").stdout.splitlines()
    assert [row.split("\t")[:2] for row in rows] == [["day", "1"], ["night/a b", "5"]]
    (found,) = document(service, "buckets", "oss://cli-list/night")["Objects"]
    assert (found["Key"], found["Size"]) == ("night/a b", 5)
    missing = document(service, "buckets", "cli-no-such", exit_code=1)
    assert missing["Error"]["Code"] == "NoSuchBucket"


def test_hostile_names_are_shown_escaped(service: Service) -> None:
    key = "\x1b[2J\u202e[red]x[/red].raw"
    service.put("cli-hostile", key, bytes(512))

    listed = run(service, "buckets", "cli-hostile")
    refused = run(service, "import", f"oss://cli-hostile/{key}-gone")

    assert listed.stdout.startswith("\\x1b[2J\\u202e[red]x[/red].raw\t512\t")
    assert refused.exit_code == 1
    for text in (listed.output, refused.output):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert document(service, "buckets", "cli-hostile")["Objects"][0]["Key"] == key


def test_an_export_to_a_folder_that_is_not_there_is_refused_beforehand(service: Service) -> None:
    refused = run(service, "export", "m-1", "oss://x-y", "--output", "/no/such/folder/file")

    assert refused.exit_code == 2
    assert "no such folder" in refused.stderr


def test_another_client_needs_an_endpoint_and_a_key_alone(service: Service, tmp_path: Path) -> None:
    arguments = [
        "tasks", "--json", "--data-dir", str(tmp_path / "none"), "--ecs-endpoint", service.ecs,
        "--access-key-id", service.access_key_id, "--access-key-secret",
    ]  # fmt: skip

    assert CliRunner().invoke(main, [*arguments, service.access_key_secret]).exit_code == 0
    refused = CliRunner().invoke(main, [*arguments, "wrong"])
    assert refused.exit_code == 1
    assert "SignatureDoesNotMatch" in refused.stdout
