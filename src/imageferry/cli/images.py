"""``imageferry images`` and ``delete``."""

from __future__ import annotations

from typing import Any

import click

from imageferry.actions.delete_image import DeleteImageRequest
from imageferry.actions.describe_images import DescribeImagesRequest
from imageferry.cli import dry_run, output
from imageferry.cli.declared import parameters, wire_values
from imageferry.cli.options import Invocation, client_options, pass_invocation
from imageferry.cli.session import Session
from imageferry.cli.verb import Verb

EVERY_STATUS = "ALL"
_STATUSES = ("Creating", "Waiting", "Available", "UnAvailable", "CreateFailed", "Deprecated")
_TAKEN_OTHERWISE = ("region_id", "image_id", "status", "dry_run")
_ABOUT_OTHERS = ("image_family", "image_owner_alias", "image_owner_id", "usage", "is_public")


def _statuses(_context: click.Context, _option: click.Parameter, text: str) -> str:
    known = {status.lower(): status for status in (*_STATUSES, EVERY_STATUS)}
    given = [part.strip().lower() for part in text.split(",")]
    if not known.keys() >= set(given):
        raise click.BadParameter(f"{text!r}: expected some of {', '.join(_STATUSES)}")
    return ",".join(known[part] for part in given)


@click.command(
    "images",
    cls=Verb,
    examples=(
        "imageferry images --status Available",
        "imageferry images m-bp1g7004ksh0oeuco3nj --json",
    ),
)
@click.argument("image_ids", metavar="[IMAGE_ID]...", nargs=-1)
@parameters(
    DescribeImagesRequest,
    flags={"image_name": "--name"},
    without=_TAKEN_OTHERWISE + _ABOUT_OTHERS,
)
@click.option(
    "--status",
    default=EVERY_STATUS,
    callback=_statuses,
    help=f"Statuses, separated by commas: {', '.join(_STATUSES)}. Default: all.",
)
@client_options
@pass_invocation
def list_images(invocation: Invocation, /, image_ids: tuple[str, ...], **values: Any) -> None:
    """List images, newest first."""
    request = {
        "ImageId": ",".join(image_ids) or None,
        **wire_values(DescribeImagesRequest, values),
    }
    reply = Session(invocation).ecs.call("DescribeImages", request)
    if invocation.as_json:
        output.document(reply)
        return
    images = reply["Images"]["Image"]
    output.table(
        ("ImageId", "Name", "Status", "GiB", "Platform", "Created"),
        [
            (
                image["ImageId"],
                image["ImageName"],
                image["Status"],
                image["Size"],
                image["Platform"],
                image["CreationTime"],
            )
            for image in images
        ],
    )
    output.page_note(reply, len(images))


@click.command(
    "delete",
    cls=Verb,
    examples=("imageferry delete m-bp1g7004ksh0oeuco3nj",),
)
@click.argument("image_id")
@parameters(DeleteImageRequest, without=("region_id", "image_id", "dry_run"))
@dry_run.option
@client_options
@pass_invocation
def delete_image(invocation: Invocation, /, image_id: str, **values: Any) -> None:
    """Take an image and its disks out of the catalogue."""
    request = {"ImageId": image_id, **wire_values(DeleteImageRequest, values)}
    with dry_run.understood(invocation, "deletion"):
        reply = Session(invocation).ecs.call("DeleteImage", request)
    if invocation.as_json:
        output.document({"ImageId": image_id, **reply})
    else:
        output.line(f"Image {image_id} is deleted.")
