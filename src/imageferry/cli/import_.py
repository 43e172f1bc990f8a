"""``imageferry import``: make an image of disk images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from imageferry.actions.image_error_codes import INVALID_IMAGE_NAME_DUPLICATED
from imageferry.actions.import_admission import DiskDeviceMapping
from imageferry.actions.import_request import ImageFeatures, ImportImageRequest
from imageferry.cli import dry_run, following, output, places
from imageferry.cli.declared import parameters, wire_values
from imageferry.cli.errors import ApiError
from imageferry.cli.options import Invocation, client_options, pass_invocation
from imageferry.cli.places import StoredObject
from imageferry.cli.progress import display
from imageferry.cli.session import Session
from imageferry.cli.values import BUCKET_NAME
from imageferry.cli.verb import Verb

_HOLDING_THEIR_NAMES = ("Creating", "Waiting", "Available", "UnAvailable", "Deprecated")
"""The statuses of images whose names no other image gets: all but CreateFailed."""


@click.command(
    "import",
    cls=Verb,
    examples=(
        "imageferry import debian-13.qcow2 --name debian-13 --platform Debian",
        "imageferry import oss://golden/web.vhd --disk oss://golden/data.vhd --no-wait",
    ),
)
@click.argument("source", metavar="FILE_OR_OSS_URL")
@click.option(
    "--disk",
    "data_disks",
    metavar="FILE_OR_OSS_URL",
    multiple=True,
    help="A data disk; may be given up to 16 times.",
)
@click.option(
    "--bucket",
    type=BUCKET_NAME,
    help="Bucket that files are uploaded to. Default: imports-REGION.",
)
@parameters(ImportImageRequest, flags={"image_name": "--name"}, without=("region_id", "dry_run"))
@parameters(
    DiskDeviceMapping,
    flags={"disk_image_size": "--size"},
    without=("oss_bucket", "oss_object"),
)
@parameters(ImageFeatures)
@click.option("--tag", "tags", metavar="KEY=VALUE", multiple=True, help="A tag for the image.")
@click.option("--no-wait", is_flag=True, help="Do not follow the task until it ends.")
@dry_run.option
@client_options
@pass_invocation
def import_image(
    invocation: Invocation,
    /,
    *,
    source: str,
    data_disks: tuple[str, ...],
    bucket: str | None,
    tags: tuple[str, ...],
    no_wait: bool,
    **values: Any,
) -> None:
    """Make an image of disk images.

    A file is uploaded to a bucket first, which is made where it is missing; an
    address oss://bucket/object is used as it is. --format, --size and --sha256
    are those of the system disk. The hash of a file is computed while it is
    uploaded, and the service makes sure that it imports just these bytes.
    """
    session = Session(invocation)
    found = [places.parse(text) for text in (source, *data_disks)]
    tag_values = [_tag(text) for text in tags]
    if values["dry_run"] and any(isinstance(place, Path) for place in found):
        raise click.UsageError(
            "--dry-run checks objects in buckets (oss://bucket/object): it uploads nothing"
        )
    if any(isinstance(place, Path) for place in found):
        _check_before_upload(session, values)
    disks = _mappings(_in_buckets(session, found, bucket))
    disks[0] |= wire_values(DiskDeviceMapping, values)
    request = {
        "DiskDeviceMapping": disks,
        "Features": wire_values(ImageFeatures, values),
        "Tag": tag_values,
        **wire_values(ImportImageRequest, values),
    }
    with dry_run.understood(invocation, "import"):
        reply = session.ecs.call("ImportImage", request)
    if no_wait:
        _show_started(invocation, reply)
        return
    _finish(invocation, session, reply)


def _check_before_upload(session: Session, values: Mapping[str, Any]) -> None:
    """Ask for what an upload would be in vain for: the region, the key and the image's name.

    Raises:
        ApiError: the region or the key is none, or another image has the name.
    """
    name = values["image_name"]
    query = {"ImageName": name, "Status": ",".join(_HOLDING_THEIR_NAMES), "PageSize": 1}
    reply = session.ecs.call("DescribeImages", query)
    # A client token may be that of the very import that has made the image.
    if not name or values["client_token"]:
        return
    for image in reply["Images"]["Image"]:
        raise ApiError(
            code=INVALID_IMAGE_NAME_DUPLICATED.code,
            message=INVALID_IMAGE_NAME_DUPLICATED.message,
            recommend=f"{name!r} is the name of image {image['ImageId']}. Nothing was uploaded.",
            request_id=reply["RequestId"],
            status=INVALID_IMAGE_NAME_DUPLICATED.status,
        )


def _in_buckets(
    session: Session, found: Sequence[Path | StoredObject], bucket: str | None
) -> list[StoredObject]:
    """The objects of all disks, with the files among them uploaded."""
    if not any(isinstance(place, Path) for place in found):
        return [place for place in found if isinstance(place, StoredObject)]
    bucket = bucket or f"imports-{session.connection.region}"
    session.objects.make_bucket(bucket)
    with display() as shown:
        return [
            places.uploaded(place, bucket, session.objects, shown)
            if isinstance(place, Path)
            else place
            for place in found
        ]


def _mappings(objects: Sequence[StoredObject]) -> list[dict[str, Any]]:
    return [
        {"OSSBucket": stored.bucket, "OSSObject": stored.key, "SHA256": stored.sha256 or None}
        for stored in objects
    ]


def _tag(text: str) -> dict[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r}: expected KEY=VALUE", param_hint="--tag")
    return {"Key": key, "Value": value}


def _show_started(invocation: Invocation, reply: Mapping[str, Any]) -> None:
    if invocation.as_json:
        output.document(reply)
        return
    output.record([("ImageId", reply["ImageId"]), ("TaskId", reply["TaskId"])])


def _finish(invocation: Invocation, session: Session, reply: Mapping[str, Any]) -> None:
    task = following.follow(session.ecs, reply["TaskId"])
    if invocation.as_json:
        output.document({**reply, "Task": task})
    else:
        output.record(
            [
                ("ImageId", reply["ImageId"]),
                ("TaskId", reply["TaskId"]),
                ("TaskStatus", task["TaskStatus"]),
            ]
        )
    click.get_current_context().exit(following.conclude([task]))
