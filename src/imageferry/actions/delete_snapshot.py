"""DeleteSnapshot: forget the snapshot of a disk whose image is gone."""

from __future__ import annotations

from typing import Annotated

from imageferry.actions import life_cycle_error_codes as codes
from imageferry.actions.call import Call
from imageferry.actions.declaration import Action, Model, Parameter, Reply
from imageferry.images import snapshots


class DeleteSnapshotRequest(Model, frozen=True, kw_only=True):
    """Which snapshot is to go."""

    snapshot_id: Annotated[
        str,
        Parameter(
            description="The snapshot, as DescribeImages tells it with each disk.",
            example="s-bp1g7004ksh0oeuco3nj",
        ),
    ]
    force: Annotated[
        bool,
        Parameter(
            description="Delete the snapshot also when disks were made of it.",
            example="false",
            unused="there are no instances here that could have such disks",
        ),
    ] = False


class DeleteSnapshotReply(Reply, frozen=True, kw_only=True):
    """The snapshot is gone."""


def delete_snapshot(call: Call, request: DeleteSnapshotRequest) -> DeleteSnapshotReply:
    """Forget the snapshot and its tags; its bytes went with its image."""
    with call.write() as connection:
        if snapshots.owner(connection, request.snapshot_id) != call.account_id:
            raise codes.SNAPSHOT_NOT_FOUND.error()
        image_id = snapshots.image_of(connection, request.snapshot_id)
        if image_id is not None:
            raise codes.SNAPSHOT_CREATED_IMAGE.error(f"Delete image {image_id} first.")
        snapshots.delete(connection, [request.snapshot_id])
    return DeleteSnapshotReply()


DELETE_SNAPSHOT = Action(
    name="DeleteSnapshot",
    summary="Forget the snapshot of a disk whose image was deleted.",
    request=DeleteSnapshotRequest,
    reply=DeleteSnapshotReply,
    errors=(codes.SNAPSHOT_NOT_FOUND, codes.SNAPSHOT_CREATED_IMAGE),
    policy="ecs:DeleteSnapshot",
    handler=delete_snapshot,
    example={"SnapshotId": "s-bp1g7004ksh0oeuco3nj"},
)
