"""The form that imports objects as an image, filled in with what their first bytes tell."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from starlette.responses import RedirectResponse, Response

from imageferry.actions.common import ARCHITECTURES, OS_TYPES
from imageferry.actions.errors import ServiceError
from imageferry.actions.import_admission import DiskDeviceMapping
from imageferry.actions.import_image import IMPORT_IMAGE
from imageferry.actions.import_request import PLATFORMS, ImportImageRequest
from imageferry.console import import_disks, task_view
from imageferry.console.bucket_pages import PATH, Folder, find_bucket
from imageferry.console.declared import choices, longest
from imageferry.console.import_disks import OF_DISK, ChosenDisk, Problem
from imageferry.console.interface import Backend
from imageferry.console.storage import Bucket
from imageferry.console.templating import page
from imageferry.console.visit import Visit

_NAMES = (
    "RegionId",
    "ImageName",
    "Description",
    "OSType",
    "Architecture",
    "Platform",
    "BootMode",
    "DetectionStrategy",
)
"""The parameters of the image that the form asks for."""

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

    def choose(self, visit: Visit) -> Response:
        """Go to the form of the objects that were chosen in a list."""
        folder = Folder(visit.request.path_params["bucket"], visit.field("prefix"))
        keys = _keys(visit.form.get("key", ()))
        most = import_disks.most_disks()
        if not 0 < len(keys) <= most:
            return page(visit, "import_too_many.html", 400, folder=folder, most=most)
        return RedirectResponse(import_disks.form_address(_address(folder.bucket), keys), 303)

    def show(self, visit: Visit) -> Response:
        """The form of one object, or of several as the disks of one image."""
        bucket, disks = self._find(visit, _keys(visit.request.query_params.getlist("key")))
        if bucket is None or not disks:
            return page(visit, "no_object.html", 404)
        return self._page(visit, bucket, disks, _filled_in(bucket, disks))

    def start(self, visit: Visit) -> Response:
        """Start the import and go to its task, or put the disks in another order."""
        keys = _keys(visit.form.get("key", ()))
        given: Mapping[str, str] = {name: visit.field(name).strip() for name in _asked(len(keys))}
        up = task_view.number(visit.field("up")) or 0
        is_moved = 1 < up <= len(keys)
        if is_moved:
            order = import_disks.moved_up(keys, up)
            keys, given = order, import_disks.values_in_order(given, keys, order)
        bucket, disks = self._find(visit, keys)
        if bucket is None or not disks:
            return page(visit, "no_object.html", 404)
        if is_moved:
            return self._page(visit, bucket, disks, given, moved=up - 1)
        return self._start(visit, bucket, disks, given)

    def _start(
        self,
        visit: Visit,
        bucket: Bucket,
        disks: Sequence[ChosenDisk],
        given: Mapping[str, str],
    ) -> Response:
        wrong = import_disks.problems(given, self._backend.tools.problem)
        if wrong:
            return self._page(visit, bucket, disks, given, wrong=wrong, status=400)
        parameters = {name: value for name, value in given.items() if value}
        for disk in disks:
            parameters[disk.prefix + "OSSBucket"] = bucket.name
            parameters[disk.prefix + "OSSObject"] = disk.found.object.key
        try:
            reply = self._backend.call(visit.key, IMPORT_IMAGE.name, parameters, visit.host)
        except ServiceError as error:
            wrong = import_disks.problems_of(error, given)
            return self._page(visit, bucket, disks, given, wrong=wrong, error=error, status=409)
        return RedirectResponse(f"{task_view.PATH}/{reply['TaskId']}", 303)

    def _find(
        self, visit: Visit, keys: Sequence[str]
    ) -> tuple[Bucket | None, Sequence[ChosenDisk]]:
        """The account's bucket, and what its objects are; none where one is not there."""
        bucket = find_bucket(self._backend, visit)
        if bucket is None or len(keys) > import_disks.most_disks():
            return bucket, []
        found = [self._backend.buckets.inspect(bucket.name, key) for key in keys]
        there = [one for one in found if one is not None]
        if len(there) < len(keys):
            return bucket, []
        return bucket, import_disks.chosen(_address(bucket.name), there)

    def _page(
        self,
        visit: Visit,
        bucket: Bucket,
        disks: Sequence[ChosenDisk],
        given: Mapping[str, str],
        *,
        wrong: Mapping[str, Problem] | None = None,
        error: ServiceError | None = None,
        status: int = 200,
        moved: int = 0,
    ) -> Response:
        key = disks[0].found.object.key
        return page(
            visit,
            "import.html",
            status,
            bucket=bucket,
            disks=disks,
            given=given,
            wrong=wrong or {},
            error=error,
            moved=moved,
            may_start=not any(disk.found.refusal for disk in disks),
            folder=Folder(bucket.name, key[: key.rfind("/") + 1]),
            regions=self._backend.regions,
            formats=choices(DiskDeviceMapping, "Format"),
            longest_device=longest(DiskDeviceMapping, "Device"),
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


def _filled_in(bucket: Bucket, disks: Sequence[ChosenDisk]) -> Mapping[str, str]:
    known = {
        "RegionId": bucket.region,
        "ImageName": proposed_name(disks[0].found.object.key),
        "OSType": "linux",
        "Architecture": "x86_64",
        "DetectionStrategy": "Standard",
    }
    return dict.fromkeys(_NAMES, "") | known | import_disks.filled_in(disks)


def _asked(disks: int) -> Sequence[str]:
    """The names of all that the form asks for, of so many disks."""
    prefixes = map(import_disks.prefix, range(1, disks + 1))
    return [*_NAMES, *(prefix + name for prefix in prefixes for name in OF_DISK)]


def _keys(values: Sequence[str]) -> Sequence[str]:
    """Objects, each once, in their order. Without a name, a request is about the bucket itself."""
    return [key for key in dict.fromkeys(values) if key]


def _address(bucket: str) -> str:
    return f"{PATH}/{bucket}/import"
