"""The actions over a real database and real buckets, called as the gateway calls them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from imageferry.accounts import access_keys
from imageferry.actions import error_codes
from imageferry.actions.call import Call, Services
from imageferry.actions.errors import ServiceError
from imageferry.actions.registry import PRODUCTS
from imageferry.buckets.folder import FolderStore
from imageferry.database.connection import Database
from imageferry.gateway.parameters import read
from imageferry.gateway.rendering import render_reply
from imageferry.gateway.reply_format import ReplyFormat
from imageferry.images import queries as images
from imageferry.images import tables
from imageferry.images.model import ImageStatus
from imageferry.settings import Settings
from imageferry.tasks import transitions
from imageferry.tasks.model import TaskAction
from imageferry.tasks.tables import tasks
from support import evidence
from support.rows import REGION

REQUEST_ID = "REQUEST-1"

DISK = {
    "DiskDeviceMapping__1__OSSBucket": "golden",
    "DiskDeviceMapping__1__OSSObject": "disk.raw",
}

ACTIONS = {name: action for product in PRODUCTS for name, action in product.actions.items()}


class Api:
    """The actions of every product as one account calls them.

    Attributes:
        access_key_id: The credentials that it calls them by.
        expires: When those run out.
        queued: The tasks that were handed to the engine, with their action.
        discarded: The images whose files were taken away.
    """

    def __init__(self, database: Database, store: FolderStore, account_id: str) -> None:
        self.database = database
        self.store = store
        self.account_id = account_id
        self.access_key_id = "LTAI"
        self.expires: datetime | None = None
        self.discarded: list[str] = []
        self.settings = Settings()

    def call(self, action: str, /, **parameters: object) -> dict[str, Any]:
        """The reply to an action's call, in which ``.`` in a name is written ``__``.

        Raises:
            ServiceError: the action is refused.
        """
        texts = {name.replace("__", "."): str(value) for name, value in parameters.items()}
        sent = {"RegionId": REGION} | texts
        try:
            reply = ACTIONS[action].handler(self._call(), read(ACTIONS[action].request, sent))
        except ServiceError as error:
            evidence.note_refusal(action, sent, error)
            raise
        response = render_reply(
            reply, action=action, request_id=REQUEST_ID, reply_format=ReplyFormat.JSON
        )
        members: dict[str, Any] = json.loads(response.body)
        evidence.note_reply(action, sent, members)
        assert members.pop("RequestId") == REQUEST_ID
        return members

    def refusal(self, action: str, /, **parameters: object) -> ServiceError:
        """The error that an action answers with."""
        with pytest.raises(ServiceError) as refused:
            self.call(action, **parameters)
        declared = (*vars(error_codes).values(), *ACTIONS[action].errors)
        assert refused.value.code in declared
        return refused.value

    def as_other_account(self) -> Api:
        """The actions as another account calls them."""
        with self.database.write() as connection:
            other = access_keys.create_account(connection, "other")
        return Api(self.database, self.store, other)

    def put(self, key: str, content: bytes, bucket: str = "golden") -> None:
        """Store an object in a bucket of the account."""
        known = {info.name for info in self.store.buckets()}
        if bucket not in known:
            self.store.create_bucket(bucket, region=REGION, owner=self.account_id)
        self.store.bucket(bucket).put(key, [content])

    def import_image(self, **parameters: object) -> dict[str, Any]:
        """Import ``disk.raw`` out of ``golden``, stored where it is not there yet."""
        if not any(info.name == "golden" for info in self.store.buckets()):
            self.put("disk.raw", b"\x01" * 4096)
        return self.call("ImportImage", **(DISK | parameters))

    def available_image(self, **parameters: object) -> str:
        """An image whose import has ended well; its id."""
        reply = self.import_image(**parameters)
        with self.database.write() as connection:
            assert transitions.claim(connection, reply["TaskId"], "worker")
            assert transitions.finish(connection, reply["TaskId"], "worker")
            images.set_status(connection, reply["ImageId"], ImageStatus.AVAILABLE)
        image_id: str = reply["ImageId"]
        return image_id

    def change(self, transition: Callable[..., Any], *arguments: Any, **values: Any) -> Any:
        """Make one change in a transaction of its own."""
        with self.database.write() as connection:
            return transition(connection, *arguments, **values)

    def backdate(self, image_id: str, moment: datetime) -> None:
        """Let an image have been made at another time."""
        change = sa.update(tables.images).filter_by(image_id=image_id).values(created=moment)
        self.change(sa.Connection.execute, change)

    def count(self) -> Mapping[str, int]:
        """How many images and tasks there are, of whatever account."""
        with self.database.read() as connection:
            return {
                table: connection.execute(
                    sa.select(sa.func.count()).select_from(sa.table(table))
                ).scalar_one()
                for table in ("images", "tasks")
            }

    @property
    def queued(self) -> Sequence[tuple[str, TaskAction]]:
        """The tasks that were made to wait for a worker, oldest first."""
        with self.database.read() as connection:
            rows = connection.execute(
                sa.select(tasks.c.task_id, tasks.c.action).order_by(tasks.c.sequence)
            )
            return [(row.task_id, TaskAction(row.action)) for row in rows]

    def set(self, **settings: Any) -> None:
        """Let the service be set up in another way."""
        self.settings = replace(self.settings, **settings)

    def _call(self) -> Call:
        services = Services(
            settings=self.settings,
            database=self.database,
            store=self.store,
            discard=self.discarded.append,
            endpoint="127.0.0.1:8080",
            find_oss_endpoint=lambda: "127.0.0.1:8081",
        )
        return Call(
            self.account_id,
            REQUEST_ID,
            services,
            access_key_id=self.access_key_id,
            expires=self.expires,
        )
