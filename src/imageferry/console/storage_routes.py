"""The routes of the pages of images and buckets."""

from __future__ import annotations

from functools import partial

from starlette.routing import Route

from imageferry.console.bucket_pages import BucketPages, reaching
from imageferry.console.endpoints import Endpoint, Handler, for_members, for_scripts
from imageferry.console.image_list import ImageList
from imageferry.console.image_page import ImagePages
from imageferry.console.image_tasks import ImageTasks
from imageferry.console.import_form import ImportForm
from imageferry.console.interface import Backend
from imageferry.console.object_transfer import ObjectTransfer


def storage_routes(backend: Backend) -> list[Route]:
    """The routes, below those of the console."""
    return [*_image_routes(backend), *_bucket_routes(backend)]


def _image_routes(backend: Backend) -> list[Route]:
    images, pages, forms = ImageList(backend), ImagePages(backend), ImageTasks(backend)
    member = partial(_reaching_member, backend)
    image = "/images/{image_id}"
    return [
        Route("/images", member(images.show)),
        Route(image, member(pages.show)),
        Route(f"{image}/tags", member(pages.change_tags), methods=["POST"]),
        Route(f"{image}/shares", member(pages.change_shares), methods=["POST"]),
        Route(f"{image}/delete", member(pages.ask)),
        Route(f"{image}/delete", member(pages.delete), methods=["POST"]),
        Route(f"{image}/export", member(forms.export_form)),
        Route(f"{image}/export", member(forms.export), methods=["POST"]),
        Route(f"{image}/copy", member(forms.copy_form)),
        Route(f"{image}/copy", member(forms.copy), methods=["POST"]),
    ]


def _bucket_routes(backend: Backend) -> list[Route]:
    pages, transfer, imports = BucketPages(backend), ObjectTransfer(backend), ImportForm(backend)
    member = partial(_reaching_member, backend)
    bucket = "/buckets/{bucket}"
    return [
        Route("/buckets", member(pages.show_all)),
        Route("/buckets", member(pages.make), methods=["POST"]),
        Route(bucket, member(pages.show)),
        Route(f"{bucket}/delete", member(pages.ask)),
        Route(f"{bucket}/delete", member(pages.delete), methods=["POST"]),
        Route(f"{bucket}/delete-objects", member(pages.delete_objects), methods=["POST"]),
        Route(f"{bucket}/abort", member(pages.abort), methods=["POST"]),
        Route(f"{bucket}/download", member(transfer.download)),
        Route(f"{bucket}/import", member(imports.show)),
        Route(f"{bucket}/import", member(imports.start), methods=["POST"]),
        Route(f"{bucket}/import-chosen", member(imports.choose), methods=["POST"]),
        Route(
            f"{bucket}/upload",
            for_scripts(backend, transfer.upload),
            methods=["GET", "POST", "PUT", "DELETE"],
        ),
    ]


def _reaching_member(backend: Backend, handler: Handler) -> Endpoint:
    return for_members(backend, reaching(handler))
