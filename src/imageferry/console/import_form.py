"""The form that imports an object as an image, filled in with what its first bytes tell."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.responses import RedirectResponse, Response

from imageferry.actions.common import ARCHITECTURES, OS_TYPES
from imageferry.actions.errors import ServiceError
from imageferry.actions.import_admission import GIB, DiskDeviceMapping
from imageferry.actions.import_image import IMPORT_IMAGE
from imageferry.actions.import_request import PLATFORMS, ImportImageRequest
from imageferry.console import task_view
from imageferry.console.bucket_pages import Folder, find_bucket
from imageferry.console.declared import choices, longest
from imageferry.console.interface import Backend
from imageferry.console.storage import Bucket, Inspection
from imageferry.console.templating import page
from imageferry.console.visit import Visit

_DISK = "DiskDeviceMapping.1."
_NAMES = (
    "RegionId",
    "ImageName",
    "Description",
    "OSType",
    "Architecture",
    "Platform",
    "BootMode",
    "DetectionStrategy",
    _DISK + "Format",
    _DISK + "DiskImageSize",
)
"""The parameters that the form asks for; the bucket and the object are known."""

_ENDINGS = re.compile(r"(\.(tar|tgz|ova|gz|xz|zst|img|raw|qcow2?|vhdx?|vmdk|vdi))+$", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[^\w.:\-]+")
_BEFORE_LETTER = re.compile(r"^[\W\d_]+")


class ImportForm:
    """The form.

    Args:
        backend: The service.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def show(self, visit: Visit) -> Response:
        """The form of an object."""
        bucket, found = self._find(visit, visit.query("key"))
        if bucket is None or found is None:
            return page(visit, "no_object.html", 404)
        return self._page(visit, bucket, found, _filled_in(bucket, found), None)

    def start(self, visit: Visit) -> Response:
        """Start the import, and go to its task."""
        key = visit.field("key")
        bucket, found = self._find(visit, key)
        if bucket is None or found is None:
            return page(visit, "no_object.html", 404)
        given = {name: visit.field(name).strip() for name in _NAMES}
        parameters = {name: value for name, value in given.items() if value}
        source = {_DISK + "OSSBucket": bucket.name, _DISK + "OSSObject": key}
        try:
            reply = self._backend.call(
                visit.key, IMPORT_IMAGE.name, parameters | source, visit.host
            )
        except ServiceError as error:
            return self._page(visit, bucket, found, given, error)
        return RedirectResponse(f"{task_view.PATH}/{reply['TaskId']}", 303)

    def _find(self, visit: Visit, key: str) -> tuple[Bucket | None, Inspection | None]:
        """The account's bucket, and what an object of it is."""
        bucket = find_bucket(self._backend, visit)
        return bucket, None if bucket is None else self._backend.buckets.inspect(bucket.name, key)

    def _page(
        self,
        visit: Visit,
        bucket: Bucket,
        found: Inspection,
        given: Mapping[str, str],
        error: ServiceError | None,
    ) -> Response:
        key = found.object.key
        return page(
            visit,
            "import.html",
            200 if error is None else 409,
            bucket=bucket,
            found=found,
            given=given,
            error=error,
            folder=Folder(bucket.name, key[: key.rfind("/") + 1]),
            disk=_DISK,
            regions=self._backend.regions,
            formats=choices(DiskDeviceMapping, "Format"),
            os_types=OS_TYPES,
            architectures=ARCHITECTURES,
            platforms=PLATFORMS,
            boot_modes=choices(ImportImageRequest, "BootMode"),
            longest_name=longest(ImportImageRequest, "ImageName"),
            longest_description=longest(ImportImageRequest, "Description"),
        )


def proposed_name(key: str) -> str:
    """A name for the image that an object makes, by the rules for such names; may be empty."""
    name = _ENDINGS.sub("", key.rpartition("/")[2])
    name = _BEFORE_LETTER.sub("", _FORBIDDEN.sub("-", name)).rstrip("-.:_")
    most = longest(ImportImageRequest, "ImageName") or len(name)
    return name[:most] if len(name) > 1 else ""


def _filled_in(bucket: Bucket, found: Inspection) -> Mapping[str, str]:
    size = -(-found.virtual_size // GIB)
    known = {
        "RegionId": bucket.region,
        "ImageName": proposed_name(found.object.key),
        "OSType": "linux",
        "Architecture": "x86_64",
        "DetectionStrategy": "Standard",
        _DISK + "Format": found.format,
        _DISK + "DiskImageSize": str(size or ""),
    }
    return dict.fromkeys(_NAMES, "") | known
