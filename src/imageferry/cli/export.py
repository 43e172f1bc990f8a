"""``imageferry export``: write an image to a bucket, and to a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from imageferry.actions.export_image import ExportImageRequest
from imageferry.cli import dry_run, following, output, places
from imageferry.cli.declared import parameters, wire_values
from imageferry.cli.errors import ExitCode
from imageferry.cli.options import Invocation, client_options, pass_invocation
from imageferry.cli.places import StoredObject
from imageferry.cli.progress import Meter, display
from imageferry.cli.session import Session
from imageferry.cli.verb import Verb


@click.command(
    "export",
    cls=Verb,
    examples=(
        "imageferry export m-bp1g7004ksh0oeuco3nj oss://golden/nightly --format vhd",
        "imageferry export m-bp1g7004ksh0oeuco3nj oss://golden --format qcow2 --output disk.qcow2",
    ),
)
@click.argument("image_id")
@click.argument("target", metavar="[OSS_URL]", required=False)
@parameters(
    ExportImageRequest,
    flags={"oss_bucket": "--bucket", "oss_prefix": "--prefix", "image_format": "--format"},
    without=("region_id", "image_id", "dry_run"),
)
@click.option(
    "--output",
    "file",
    type=click.Path(path_type=Path),
    help="Download it to this file too, or into this folder under the objects' names.",
)
@click.option("--no-wait", is_flag=True, help="Do not follow the task until it ends.")
@dry_run.option
@client_options
@pass_invocation
def export_image(
    invocation: Invocation,
    /,
    *,
    image_id: str,
    target: str | None,
    file: Path | None,
    no_wait: bool,
    **values: Any,
) -> None:
    """Write an image to a bucket, and to a file.

    Each disk becomes an object. The bucket is given as oss://bucket, or as
    oss://bucket/prefix where the objects' names are to begin so.
    """
    place = _target(target, values)
    if no_wait and file is not None:
        raise click.UsageError("--output needs the task's end: leave out --no-wait")
    session = Session(invocation)
    if file is not None:
        _check_output(session, image_id, file)
    request = {
        **wire_values(ExportImageRequest, values),
        "ImageId": image_id,
        "OSSBucket": place.bucket,
        "OSSPrefix": place.key or None,
    }
    with dry_run.understood(invocation, "export"):
        reply = session.ecs.call("ExportImage", request)
    if no_wait:
        _show_started(invocation, reply)
        return
    _finish(invocation, session, reply, file)


def _target(target: str | None, values: Mapping[str, Any]) -> StoredObject:
    bucket, prefix = values["oss_bucket"], values["oss_prefix"]
    if target is not None:
        if bucket or prefix:
            raise click.UsageError("give either oss://bucket/prefix, or --bucket and --prefix")
        return places.parse_address(target)
    if not bucket:
        raise click.UsageError("say where to: oss://bucket, oss://bucket/prefix or --bucket")
    return StoredObject(bucket, prefix or "")


def _check_output(session: Session, image_id: str, file: Path) -> None:
    """Refuse a file beforehand where several are needed, or none can be written."""
    if file.is_dir():
        return
    if not file.absolute().parent.is_dir():
        raise click.UsageError(f"--output is {str(file)!r}: there is no such folder")
    images = session.ecs.call("DescribeImages", {"ImageId": image_id})["Images"]["Image"]
    if any(len(image["DiskDeviceMappings"]["DiskDeviceMapping"]) > 1 for image in images):
        raise click.UsageError(f"{image_id} has several disks: --output has to name a folder")


def _show_started(invocation: Invocation, reply: Mapping[str, Any]) -> None:
    if invocation.as_json:
        output.document(reply)
    else:
        output.record([("TaskId", reply["TaskId"])])


def _finish(
    invocation: Invocation, session: Session, reply: Mapping[str, Any], file: Path | None
) -> None:
    task = following.follow(session.ecs, reply["TaskId"])
    finished = following.ENDS[task["TaskStatus"]] is ExitCode.OK
    disks = following.disks(task) if finished else []
    files = _download(session, disks, file) if file is not None else []
    if invocation.as_json:
        output.document({**reply, "Task": task, "Files": [str(path) for path in files]})
    else:
        output.record([("TaskId", reply["TaskId"]), ("TaskStatus", task["TaskStatus"])])
        for disk in disks:
            output.record(
                [
                    ("Object", StoredObject(disk["OSSBucket"], disk["OSSObject"])),
                    ("Size", disk["ObjectSize"]),
                    ("SHA256", disk["SHA256"]),
                ]
            )
        output.record([("File", path) for path in files])
    click.get_current_context().exit(following.conclude([task]))


def _download(session: Session, disks: list[dict[str, str]], file: Path) -> list[Path]:
    files = []
    for disk in disks:
        bucket, key = disk["OSSBucket"], disk["OSSObject"]
        path = file / key.rsplit("/", 1)[-1] if file.is_dir() else file
        with display() as shown:
            meter = Meter(shown, f"download {path.name}", int(disk["ObjectSize"]))
            session.objects.download(bucket, key, path, meter, disk["SHA256"])
        files.append(path)
    return files
