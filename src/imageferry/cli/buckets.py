"""``imageferry buckets``."""

from __future__ import annotations

import click

from imageferry.cli import output, places
from imageferry.cli.options import Invocation, client_options, pass_invocation
from imageferry.cli.places import SCHEME, StoredObject
from imageferry.cli.session import Session
from imageferry.cli.verb import Verb


@click.command(
    "buckets",
    cls=Verb,
    examples=(
        "imageferry buckets",
        "imageferry buckets golden --create",
        "imageferry buckets oss://golden/nightly",
    ),
)
@click.argument("bucket", required=False)
@click.option("--create", is_flag=True, help="Make the bucket.")
@client_options
@pass_invocation
def buckets(invocation: Invocation, /, bucket: str | None, create: bool) -> None:
    """List buckets or the objects of one, or make one.

    A bucket is given by its name, or as oss://bucket/prefix for the objects
    whose names begin so.
    """
    session = Session(invocation)
    if bucket is None:
        if create:
            raise click.UsageError("--create needs the name of the bucket")
        _list_buckets(invocation, session)
        return
    place = places.parse_address(bucket if bucket.startswith(SCHEME) else SCHEME + bucket)
    if create:
        _create(invocation, session, place)
    else:
        _list_objects(invocation, session, place)


def _list_buckets(invocation: Invocation, session: Session) -> None:
    found = session.objects.buckets()
    if invocation.as_json:
        output.document({"Buckets": found})
    else:
        output.table(("Bucket", "Region", "Created"), [list(item.values()) for item in found])


def _list_objects(invocation: Invocation, session: Session, place: StoredObject) -> None:
    found = session.objects.objects(place.bucket, place.key)
    if invocation.as_json:
        output.document({"Bucket": place.bucket, "Objects": found})
    else:
        output.table(("Object", "Bytes", "Modified"), [list(item.values()) for item in found])


def _create(invocation: Invocation, session: Session, place: StoredObject) -> None:
    if place.key:
        raise click.UsageError("--create takes the name of a bucket alone")
    session.objects.make_bucket(place.bucket)
    if invocation.as_json:
        output.document({"Bucket": place.bucket})
    else:
        output.line(f"Bucket {place.bucket} is there.")
