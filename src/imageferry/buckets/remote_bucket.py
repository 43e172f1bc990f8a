"""One bucket in a remote store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

from imageferry.buckets import remote_upload
from imageferry.buckets.files import Digests
from imageferry.buckets.interface import (
    BucketInfo,
    BucketNotFoundError,
    ObjectChangedError,
    ObjectExistsError,
    ObjectInfo,
    ObjectNotFoundError,
    StoreError,
    UploadNotFoundError,
)
from imageferry.buckets.interruption import Interruption
from imageferry.buckets.lasting_url import LastingUrl
from imageferry.buckets.remote import Remote
from imageferry.buckets.remote_beginnings import begin_recorded
from imageferry.buckets.remote_client import content_md5
from imageferry.buckets.remote_draft import RemoteDraft
from imageferry.buckets.remote_parts import in_threads, pieces
from imageferry.buckets.remote_paths import BucketPaths
from imageferry.buckets.remote_reader import RemoteReader
from imageferry.buckets.remote_staged_uploads import RecordedUploads, object_to_be
from imageferry.buckets.remote_transfer import date_of, etag_of
from imageferry.buckets.remote_upload import RemoteUpload
from imageferry.buckets.sidecars import DEFAULT_CONTENT_TYPE


class RemoteBucket:
    """The objects of one bucket, below a prefix of a remote bucket."""

    def __init__(self, remote: Remote, paths: BucketPaths, info: BucketInfo) -> None:
        self._remote = remote
        self._client = remote.client
        self._paths = paths
        self._info = info

    @property
    def info(self) -> BucketInfo:
        """The bucket itself."""
        return self._info

    @property
    def keeps_files(self) -> bool:
        """Its drafts are on their way to the store."""
        return False

    def until(self, interruption: Interruption) -> RemoteBucket:
        """This bucket for work whose reads and writes end when they are told to."""
        return RemoteBucket(self._remote.until(interruption), self._paths, self._info)

    def head(self, key: str) -> ObjectInfo:
        """What is known of an object.

        Raises:
            ObjectNotFoundError: there is none.
            BucketNotFoundError: the bucket is gone.
            InvalidObjectNameError: the store cannot have such a key.
        """
        remote_key = self._paths.object(key)
        try:
            return replace(self._client.head(remote_key), key=key)
        except ObjectNotFoundError:
            self._check()
            raise ObjectNotFoundError(
                f"there is no object {key!r} in the bucket {self._info.name!r}"
            ) from None

    def open(self, key: str, *, if_match: str | None = None) -> RemoteReader:
        """Open an object for reading.

        Raises:
            ObjectNotFoundError: there is none.
            ObjectChangedError: its ETag is not ``if_match``.
            BucketNotFoundError: the bucket is gone.
            InvalidObjectNameError: the store cannot have such a key.
        """
        info = self.head(key)
        if if_match is not None and info.etag != if_match.strip('"'):
            raise ObjectChangedError(f"the object {key!r} is no longer {if_match!r}")
        remote_key = self._paths.object(key)
        url = LastingUrl(partial(self._client.sign_get, remote_key))
        return RemoteReader(info, self._remote.transfer, url)

    def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        """The objects whose key begins with ``prefix`` and is greater than ``after``, by key.

        The order is the store's. Media type, CRC and user metadata are not in a listing.
        """
        self._check()
        folder = self._paths.objects
        for found in self._client.list(folder + prefix, folder + after if after else ""):
            yield replace(found, key=found.key.removeprefix(folder))

    def put(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        content_type: str = DEFAULT_CONTENT_TYPE,
        metadata: Mapping[str, str] = {},
        overwrite: bool = True,
    ) -> ObjectInfo:
        """Store an object from its bytes in order. If ``chunks`` raises, nothing changes.

        Up to one part is stored by one request; more go by several threads.

        Raises:
            ObjectExistsError: the object is there, and ``overwrite`` is false.
            InvalidObjectNameError: the store cannot have such a key.
        """
        to_be = object_to_be(key, 0, content_type, metadata)
        remote_key = self._paths.object(key)
        parts = pieces(chunks)
        first, second = next(parts, b""), next(parts, None)
        if second is None:
            return self._put_whole(to_be, remote_key, first, overwrite=overwrite)
        upload = self.start_upload(key, content_type=content_type, metadata=metadata)
        numbered = enumerate(chain((first, second), parts), 1)
        with _aborted_on_failure(upload):
            stored = in_threads(lambda part: upload.write_bytes(*part), numbered)
            named = [(part.number, part.etag) for part in stored]
            etag = upload.finish(named, overwrite=overwrite)
        return replace(to_be, size=sum(part.size for part in stored), etag=etag)

    def staged(self) -> set[str]:
        """The tokens under which something was staged, and not discarded or forgotten since."""
        folder = self._paths.staged
        keys = (found.key.removeprefix(folder) for found in self._client.list(folder, ""))
        return {key.partition("/")[0] for key in keys}

    def leavings(self, token: str) -> RecordedUploads:
        """What was staged under a token up to now, and neither published nor discarded."""
        return RecordedUploads(self._client, self._staged(token))

    def draft(
        self,
        key: str,
        path: Path,
        *,
        token: str,
        head_size: int = 0,
        metadata: Mapping[str, str] = {},
    ) -> RemoteDraft:
        """Begin an object whose bytes are sent while it is being made.

        Args:
            key: The key that the object will have.
            path: Parts that are too long for memory are kept beside it.
            token: What it can be discarded by; letters, digits and ``-``.
            head_size: The bytes at its beginning that may come last.
            metadata: What is known already of its user metadata.

        Raises:
            InvalidObjectNameError: the store cannot have such a key.
        """
        remote_key = self._paths.object(key)
        upload_id = begin_recorded(self._client, self._staged(token), remote_key, metadata)
        return RemoteDraft(
            self._client,
            RemoteUpload(self._remote, self._paths.objects, key, upload_id),
            object_to_be(remote_key, 0, DEFAULT_CONTENT_TYPE, metadata),
            draft_id=upload_id,
            folder=self._staged(token),
            head_size=head_size,
            scratch=path.parent,
        )

    def resume_draft(
        self,
        key: str,
        path: Path,
        *,
        draft_id: str,
        end: int,
        token: str,
        head_size: int = 0,
        metadata: Mapping[str, str] = {},
    ) -> RemoteDraft:
        """Go on with an upload that somebody had to leave, on any machine.

        Args:
            key: The key that the object will have.
            path: Parts that are too long for memory are kept beside it.
            draft_id: The store's id of the upload.
            end: A place up to which its bytes were kept.
            token: What it can be discarded by.
            head_size: The bytes at its beginning that may come last.
            metadata: What is known already of its user metadata.

        Raises:
            DraftNotFoundError: the upload is gone, or lacks some of them.
        """
        remote_key = self._paths.object(key)
        draft = RemoteDraft(
            self._client,
            RemoteUpload(self._remote, self._paths.objects, key, draft_id),
            object_to_be(remote_key, 0, DEFAULT_CONTENT_TYPE, metadata),
            draft_id=draft_id,
            folder=self._staged(token),
            head_size=head_size,
            scratch=path.parent,
        )
        try:
            draft.go_on(end)
        except BaseException:
            draft.leave()
            raise
        return draft

    def start_upload(
        self,
        key: str,
        *,
        content_type: str = DEFAULT_CONTENT_TYPE,
        metadata: Mapping[str, str] = {},
    ) -> RemoteUpload:
        """Begin an object that is put together from parts.

        Raises:
            InvalidObjectNameError: the store cannot have such a key.
        """
        started = self._client.start_upload(
            self._paths.object(key), content_type=content_type, metadata=metadata
        )
        return RemoteUpload(self._remote, self._paths.objects, key, started.id)

    def upload(self, upload_id: str) -> RemoteUpload:
        """An upload that was started before.

        Raises:
            UploadNotFoundError: there is none.
        """
        return remote_upload.find(self._remote, self._paths.objects, upload_id)

    def uploads(self) -> Sequence[RemoteUpload]:
        """The uploads that are neither complete nor aborted, by key and time."""
        folder = self._paths.objects
        found = sorted(
            self._client.uploads(folder), key=lambda upload: (upload.key, upload.started, upload.id)
        )
        return [
            RemoteUpload(
                self._remote, folder, upload.key.removeprefix(folder), upload.id, upload.started
            )
            for upload in found
        ]

    def delete(self, key: str, *, if_match: str = "") -> None:
        """Delete an object; no error where there is none.

        Raises:
            ObjectChangedError: it is not the one of the ETag ``if_match``, or is gone.
            InvalidObjectNameError: the store cannot have such a key.
        """
        self._client.delete(self._paths.object(key), if_match=if_match)

    def _put_whole(
        self, to_be: ObjectInfo, remote_key: str, data: bytes, *, overwrite: bool
    ) -> ObjectInfo:
        digests = Digests()
        digests.update(data)
        sign = partial(
            self._client.sign_put,
            remote_key,
            content_md5=content_md5(digests.md5),
            content_type=to_be.content_type,
            metadata=to_be.metadata,
            overwrite=overwrite,
        )
        try:
            headers = self._remote.transfer.write(sign, data, len(data))
        except ObjectChangedError:
            raise ObjectExistsError(f"there is an object {to_be.key!r} already") from None
        return replace(
            to_be,
            size=len(data),
            etag=etag_of(headers),
            modified=date_of(headers),
            crc64=digests.crc64,
        )

    def _staged(self, token: str) -> str:
        return f"{self._paths.staged}{token}/"

    def _check(self) -> None:
        try:
            self._client.head(self._paths.record)
        except ObjectNotFoundError:
            raise BucketNotFoundError(f"there is no bucket {self._info.name!r}") from None


@contextmanager
def _aborted_on_failure(upload: RemoteUpload) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(UploadNotFoundError, StoreError):
            upload.abort()
        raise
