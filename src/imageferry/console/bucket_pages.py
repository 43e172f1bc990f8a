"""The pages of buckets: their list, what is in one, and what is made and deleted there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from imageferry.console.endpoints import Handler
from imageferry.console.interface import Backend
from imageferry.console.object_calls import ObjectError, call
from imageferry.console.storage import Bucket, ObjectRequest, StoreUnavailableError
from imageferry.console.templating import page
from imageferry.console.visit import Visit

PATH = "/console/buckets"
SIZE = 100
"""Folders and objects on a page."""

MAX_KEY_CHARACTERS = 1023
MAX_CHOSEN = SIZE

_DELIMITER = "/"
_CONFIGURATION = (
    "<CreateBucketConfiguration><LocationConstraint>{place}</LocationConstraint>"
    "</CreateBucketConfiguration>"
)


@dataclass(frozen=True)
class Folder:
    """Where in a bucket somebody looks.

    Attributes:
        bucket: The bucket's name.
        prefix: What the keys of the folder begin with: up to a slash, or empty.
        begins: What is looked for among them: how they go on.
    """

    bucket: str
    prefix: str = ""
    begins: str = ""

    @property
    def address(self) -> str:
        """The address of the folder's first page."""
        return self.after("")

    @property
    def parents(self) -> Sequence[Folder]:
        """The folders that lead to it, from the bucket itself on, and itself."""
        parts = self.prefix.split(_DELIMITER)[:-1]
        ends = range(len(parts) + 1)
        return [
            Folder(self.bucket, "".join(part + _DELIMITER for part in parts[:end])) for end in ends
        ]

    @property
    def name(self) -> str:
        """The last part of its path; the bucket's name for the bucket itself."""
        return self.prefix.split(_DELIMITER)[-2] if self.prefix else self.bucket

    def after(self, marker: str) -> str:
        """The address of the page that comes after a marker."""
        query = {"prefix": self.prefix, "begins": self.begins, "after": marker}
        given = {name: value for name, value in query.items() if value}
        path = f"{PATH}/{self.bucket}"
        return f"{path}?{urlencode(given)}" if given else path

    def inside(self, prefix: str) -> Folder:
        """A folder within it."""
        return Folder(self.bucket, prefix)

    def shown(self, key: str) -> str:
        """A key as it is shown here: without the folder's own path."""
        return key.removeprefix(self.prefix)

    def link(self, action: str, key: str) -> str:
        """The address of a page about an object."""
        return f"{PATH}/{self.bucket}/{action}?{urlencode({'key': key})}"


class BucketPages:
    """The pages.

    Args:
        backend: The service.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def show_all(self, visit: Visit) -> Response:
        """The buckets of the account."""
        return self._list(visit, None)

    def make(self, visit: Visit) -> Response:
        """Make a bucket, and go there."""
        name, region = visit.field("name").strip(), visit.field("region")
        known = self._backend.regions
        place = region if region in known else known[0]
        body = _CONFIGURATION.format(place=f"oss-{place}")
        # A slash would make it the name of an object; no bucket has either character.
        request = ObjectRequest(method="PUT", bucket=name.replace(_DELIMITER, "?"))
        error = call(self._backend, visit, request, body.encode())
        if error is not None:
            return self._list(visit, error)
        return RedirectResponse(Folder(name).address, 303)

    def show(self, visit: Visit) -> Response:
        """What is in a bucket, or in a folder of it."""
        bucket = self._find(visit)
        if bucket is None:
            return page(visit, "no_bucket.html", 404)
        folder = read_folder(visit)
        found = self._backend.buckets.listing(
            bucket.name,
            prefix=folder.prefix + folder.begins,
            marker=_text(visit.query("after")),
            size=SIZE,
        )
        return page(
            visit,
            "bucket.html",
            bucket=bucket,
            folder=folder,
            found=found,
            older=folder.after(found.next_marker) if found.next_marker else "",
            is_first=not visit.query("after"),
            uploads=self._backend.buckets.uploads(bucket.name, folder.prefix),
        )

    def ask(self, visit: Visit) -> Response:
        """The page that asks whether a bucket is to be deleted."""
        bucket = self._find(visit)
        if bucket is None:
            return page(visit, "no_bucket.html", 404)
        return page(visit, "bucket_delete.html", bucket=bucket)

    def delete(self, visit: Visit) -> Response:
        """Delete a bucket that is empty."""
        name = visit.request.path_params["bucket"]
        error = call(self._backend, visit, ObjectRequest(method="DELETE", bucket=name))
        if error is not None:
            return _refused(visit, error, Folder(name).address)
        return RedirectResponse(PATH, 303)

    def delete_objects(self, visit: Visit) -> Response:
        """Delete the chosen objects, once somebody has said that they are sure."""
        folder = Folder(visit.request.path_params["bucket"], visit.field("prefix"))
        # Without a key, a request is about the bucket itself.
        keys = [key for key in visit.form.get("key", ())[:MAX_CHOSEN] if key]
        if not visit.field("sure"):
            return page(visit, "objects_delete.html", folder=folder, keys=keys)
        for key in keys:
            request = ObjectRequest(method="DELETE", bucket=folder.bucket, key=key)
            error = call(self._backend, visit, request)
            if error is not None:
                return _refused(visit, error, folder.address)
        return RedirectResponse(folder.address, 303)

    def abort(self, visit: Visit) -> Response:
        """Forget an upload that is not complete, and its parts."""
        folder = Folder(visit.request.path_params["bucket"], visit.field("prefix"))
        request = ObjectRequest(
            method="DELETE",
            bucket=folder.bucket,
            key=visit.field("key"),
            parameters=(("uploadId", visit.field("upload")),),
        )
        error = call(self._backend, visit, request)
        if error is not None:
            return _refused(visit, error, folder.address)
        return RedirectResponse(folder.address, 303)

    def _find(self, visit: Visit) -> Bucket | None:
        return find_bucket(self._backend, visit)

    def _list(self, visit: Visit, error: ObjectError | None) -> Response:
        return page(
            visit,
            "buckets.html",
            200 if error is None else error.status,
            buckets=self._backend.buckets.all(visit.key.account_id),
            regions=self._backend.regions,
            error=error,
            name=visit.field("name"),
            region=visit.field("region"),
        )


def find_bucket(backend: Backend, visit: Visit) -> Bucket | None:
    """The bucket that a page is about, if the visitor's account has it."""
    return backend.buckets.find(visit.key.account_id, visit.request.path_params["bucket"])


def read_folder(visit: Visit) -> Folder:
    """The folder that an address means."""
    prefix = _text(visit.query("prefix"))
    whole = prefix[: prefix.rfind(_DELIMITER) + 1]
    return Folder(visit.request.path_params["bucket"], whole, _text(visit.query("begins")))


def reaching(handler: Handler) -> Handler:
    """The handler, with a page that says so where a bucket's store does not answer."""

    def guarded(visit: Visit) -> Response:
        try:
            return handler(visit)
        except StoreUnavailableError as error:
            return page(visit, "store_unavailable.html", 503, reason=str(error))

    return guarded


def _text(value: str) -> str:
    return value.replace("\0", "")[:MAX_KEY_CHARACTERS]


def _refused(visit: Visit, error: ObjectError, back: str) -> Response:
    return page(visit, "objects_refused.html", error.status, error=error, back=back)
