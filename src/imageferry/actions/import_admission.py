"""Which disks an import may take: everything that can be checked before it is answered.

A synchronous error is the only reason for a failure that most clients ever
print (CLIENTS.md 1.9), so the objects are looked into here already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from imageferry.actions import image_error_codes as codes
from imageferry.actions.bucket_access import own_bucket, reached_stores
from imageferry.actions.call import Call, shorten
from imageferry.actions.common import Tag, bucket_name
from imageferry.actions.declaration import Model, Parameter, numbered
from imageferry.actions.error_codes import MISSING_PARAMETER, SERVICE_UNAVAILABLE
from imageferry.actions.errors import ServiceError
from imageferry.actions.expected_hash import SHA256, ExpectedHash, expected_hash, tagged_hash
from imageferry.buckets.interface import (
    Bucket,
    InvalidObjectNameError,
    ObjectInfo,
    ObjectNotFoundError,
    ObjectReader,
)
from imageferry.imaging.contents.marks import is_disk
from imageferry.imaging.errors import SOURCE_FAILED, ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.packaging.any_source import inspect_any
from imageferry.imaging.packaging.package import Compressed, Package

GIB = 2**30
MAX_DISK_GIB = 2048
NO_DISK = (
    "The object was taken for a raw disk, but it has no partition table and no file system that "
    "is known here: it is imported byte by byte, and instances will not start from it."
)


class DiskDeviceMapping(Model, frozen=True, kw_only=True):
    """One disk of an import."""

    oss_bucket: Annotated[str | None, bucket_name("The bucket that holds the disk's image.")] = None
    oss_object: Annotated[
        str | None,
        Parameter(
            description="The object that is the disk's image.",
            example="debian-13.qcow2",
            max_length=1023,
            malformed=codes.INVALID_OSS_OBJECT,
        ),
    ] = None
    format: Annotated[
        str | None,
        Parameter(
            description="The format of the disk's image; found out where none is given.",
            example="QCOW2",
            allowed=tuple(known.ecs_name for known in Format),
            malformed=codes.INVALID_IMAGE_FORMAT,
        ),
    ] = None
    disk_image_size: Annotated[
        int | None,
        Parameter(
            description="The size of the disk in GiB, not below the image's virtual size; that "
            "size where none, or 0, is given.",
            example="40",
            minimum=0,
            maximum=MAX_DISK_GIB,
            malformed=codes.INVALID_DATA_DISK_SIZE,
            malformed_in_first=codes.INVALID_IMAGE_SIZE,
            aliases=("DiskImSize",),
        ),
    ] = None
    device: Annotated[
        str | None,
        Parameter(
            description="The device name of the disk.",
            example="/dev/xvda",
            max_length=32,
            pattern=r"/dev/[a-z0-9/]+",
            rule="a path below /dev/",
            deprecated=True,
            malformed=codes.INVALID_DEVICE,
        ),
    ] = None
    sha256: SHA256 = None


@dataclass(frozen=True)
class AdmittedDisk:
    """A disk that may be imported, and what is known of it beforehand."""

    mapping: DiskDeviceMapping
    bucket: str
    object: ObjectInfo
    inspection: Inspection | None
    package: Package | None
    looks_like_disk: bool
    expected: ExpectedHash

    @property
    def format(self) -> str:
        """The format that was found, or else declared, in ECS's word; empty if neither."""
        if self.inspection is None:
            return (self.mapping.format or "").upper()
        return self.inspection.format.ecs_name

    @property
    def virtual_size(self) -> int:
        """The guest's view of the disk's size in bytes; 0 where it has to be unpacked first."""
        return 0 if self.inspection is None else self.inspection.virtual_size

    @property
    def size_gib(self) -> int:
        """The size asked for, or the virtual size rounded up, in GiB."""
        return self.mapping.disk_image_size or -(-self.virtual_size // GIB)

    @property
    def related_items(self) -> list[tuple[str, str]]:
        """What a task tells of the disk before it is read."""
        warning = [] if self.looks_like_disk else [("Warning", NO_DISK)]
        expected = [
            ("ExpectedSHA256", self.expected.sha256),
            ("ExpectedSHA256Source", self.expected.said_by),
        ]
        return [
            ("OSSBucket", self.bucket),
            ("OSSObject", self.object.key),
            *([("ImageFormat", self.format)] if self.format else []),
            *([("VirtualSize", str(self.virtual_size))] if self.virtual_size else []),
            ("ObjectSize", str(self.object.size)),
            *([("Packaging", packaging(self.package))] if self.package else []),
            *(expected if self.expected.sha256 else []),
            *warning,
        ]


def admit_disks(
    call: Call, mappings: tuple[DiskDeviceMapping, ...], tags: tuple[Tag, ...]
) -> tuple[AdmittedDisk, ...]:
    """Look up and inspect every disk of an import.

    Args:
        call: The call.
        mappings: The disks.
        tags: The tags that the image gets, one of which may tell a hash.

    Raises:
        ServiceError: a disk cannot be imported; the error says which and why.
    """
    if not mappings:
        raise codes.MISSING_DISK_DEVICE_MAPPING.error()
    tagged = tagged_hash(tags, len(mappings))
    with reached_stores():
        return tuple(
            _admit(
                call,
                f"DiskDeviceMapping.{number}",
                mapping,
                tagged,
                is_system=mapping is mappings[0],
            )
            for number, mapping in numbered(mappings)
        )


def _admit(
    call: Call, name: str, mapping: DiskDeviceMapping, tagged: ExpectedHash, *, is_system: bool
) -> AdmittedDisk:
    if mapping.oss_bucket is None:
        raise MISSING_PARAMETER.error(name=f"{name}.OSSBucket")
    if mapping.oss_object is None:
        raise MISSING_PARAMETER.error(name=f"{name}.OSSObject")
    bucket = own_bucket(call, f"{name}.OSSBucket", mapping.oss_bucket)
    with _open(bucket, f"{name}.OSSObject", mapping.oss_object) as reader:
        if reader.size == 0:
            shown = _shown(bucket, f"{name}.OSSObject", mapping.oss_object)
            raise codes.INVALID_OSS_OBJECT_SIZE.error(
                f"{shown} {codes.INVALID_OSS_OBJECT_SIZE.remedy}"
            )
        inspection, package = _inspect(call, name, mapping, reader)
        admitted = AdmittedDisk(
            mapping,
            mapping.oss_bucket,
            reader.info,
            inspection,
            package,
            # Raw means any bytes, so they are imported whatever they are.
            looks_like_disk=not _is_raw(inspection, package) or is_disk(reader),
            expected=expected_hash(f"{name}.SHA256", mapping.sha256, tagged, reader.info),
        )
    _check_size(name, admitted, is_system=is_system)
    return admitted


def _open(bucket: Bucket, parameter: str, key: str) -> ObjectReader:
    shown = _shown(bucket, parameter, key)
    try:
        return bucket.open(key)
    except ObjectNotFoundError:
        remedy = codes.INVALID_OSS_OBJECT_NOT_FOUND.remedy
        raise codes.INVALID_OSS_OBJECT_NOT_FOUND.error(f"{shown} {remedy}") from None
    except InvalidObjectNameError as error:
        raise codes.INVALID_OSS_OBJECT.error(f"{shown} {error}") from None


def _shown(bucket: Bucket, parameter: str, key: str) -> str:
    return f"{parameter} is {shorten(key)}, in bucket {bucket.info.name}."


def _is_raw(inspection: Inspection | None, package: Package | None) -> bool:
    return package is None and inspection is not None and inspection.format is Format.RAW


def packaging(package: Package) -> str:
    """What an image is wrapped in, in the words of a task's related items."""
    if isinstance(package, Compressed):
        return package.compression.value
    return f"{package.archive}, {shorten(package.member)}"


def _inspect(
    call: Call, name: str, mapping: DiskDeviceMapping, reader: ObjectReader
) -> tuple[Inspection | None, Package | None]:
    declared = None if mapping.format is None else Format.from_ecs(mapping.format)
    try:
        return inspect_any(
            reader,
            declared=declared,
            max_virtual_size=call.settings.max_virtual_size_gib * GIB,
        )
    except ImageError as error:
        raise _refusal(name, mapping, error) from error


def _refusal(name: str, mapping: DiskDeviceMapping, error: ImageError) -> ServiceError:
    reason = f"{name} ({shorten(mapping.oss_object)}): {error.detail} [{error.code}]"
    remedy = error.kind.remedy
    if error.kind is SOURCE_FAILED:
        return SERVICE_UNAVAILABLE.error(f"{reason} {SERVICE_UNAVAILABLE.remedy}")
    if error.code == codes.INVALID_VHD_SIZE.code:
        return codes.INVALID_VHD_SIZE.error(f"{reason} {remedy}")
    if error.code.startswith(codes.INVALID_IMAGE_SIZE.code):
        return codes.INVALID_IMAGE_SIZE.error(remedy, reason=reason)
    return codes.IMAGE_REFUSED.error(remedy, reason=reason)


def _check_size(name: str, disk: AdmittedDisk, *, is_system: bool) -> None:
    if disk.size_gib * GIB >= disk.virtual_size:  # also where it is not known yet
        return
    least = -(-disk.virtual_size // GIB)
    remedy = (
        f"{name}.DiskImageSize is {disk.size_gib} and the image's virtual size is "
        f"{disk.virtual_size} bytes: give at least {least}, or leave it out."
    )
    if is_system:
        raise codes.INVALID_IMAGE_SIZE.error(
            remedy,
            reason=f'The specified "{name}.DiskImageSize" should be not less than '
            "system device size.",
        )
    raise codes.INVALID_DATA_DISK_SIZE.error(remedy)
