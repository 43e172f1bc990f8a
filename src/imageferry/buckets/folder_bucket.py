"""One bucket in a folder."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from imageferry.buckets import bandwidth, folder_upload
from imageferry.buckets.descriptions import status_etag
from imageferry.buckets.file_draft import FileDraft
from imageferry.buckets.files import append
from imageferry.buckets.folder_objects import BucketFolders, ObjectFiles
from imageferry.buckets.folder_reader import FileReader
from imageferry.buckets.folder_upload import FolderUpload, UploadRecord
from imageferry.buckets.interface import (
    BucketInfo,
    ObjectChangedError,
    ObjectInfo,
    StoreError,
)
from imageferry.buckets.interruption import Interruption
from imageferry.buckets.names import check_key
from imageferry.buckets.sidecars import DEFAULT_CONTENT_TYPE, Description

SMALL_BYTES = 1 << 20
"""Up to this size, putting an object takes mostly the wait for its being durable."""


@dataclass(frozen=True)
class FileToAdopt:
    """A local file that becomes an object of a folder when it is published."""

    bucket: FolderBucket
    key: str
    path: Path

    def publish(self, metadata: Mapping[str, str], *, overwrite: bool = True) -> ObjectInfo:
        """Store the file as the object. See :meth:`FolderBucket.adopt`."""
        return self.bucket.adopt(self.key, self.path, metadata=metadata, overwrite=overwrite)

    def discard(self) -> None:
        """Take the file away."""
        self.path.unlink(missing_ok=True)


class NoLeavings:
    """What nobody has left."""

    def discard(self, keep: Collection[str] = ()) -> None:
        """Take nothing back."""


class FolderBucket:
    """The objects of one bucket, each one file of a folder that the user may look into.

    A file that somebody copies into the folder is an object at once.

    Args:
        folders: Where its parts are.
        info: The bucket itself.
        durable: Whether a small object that was put must survive a power cut; a large one
            does in any case, and one that is made in another way.
        interruption: Ends the wait of bytes for their turn.
    """

    def __init__(
        self,
        folders: BucketFolders,
        info: BucketInfo,
        *,
        durable: bool,
        interruption: Interruption,
    ) -> None:
        self._folders = folders
        self._info = info
        self._durable = durable
        self._interruption = interruption
        self._objects = ObjectFiles(folders)

    @property
    def info(self) -> BucketInfo:
        """The bucket itself."""
        return self._info

    @property
    def keeps_files(self) -> bool:
        """Its drafts are files, and become objects by a new name."""
        return True

    def until(self, interruption: Interruption) -> FolderBucket:
        """This bucket for work whose reads and writes end when they are told to."""
        return FolderBucket(
            self._folders, self._info, durable=self._durable, interruption=interruption
        )

    def head(self, key: str) -> ObjectInfo:
        """What is known of an object.

        Raises:
            ObjectNotFoundError: there is none.
            InvalidObjectNameError: the key breaks OSS's rules.
        """
        info = self._objects.find(key)
        if info is None:
            raise self._objects.missing(key)
        return info

    def open(self, key: str, *, if_match: str | None = None) -> FileReader:
        """Open an object for reading.

        Raises:
            ObjectNotFoundError: there is none.
            ObjectChangedError: its ETag is not ``if_match``.
            InvalidObjectNameError: the key breaks OSS's rules.
        """
        fd = self._objects.open(key)
        reader = FileReader(fd, self._objects.info(key, fd), self._let_pass)
        if if_match is not None and reader.info.etag != if_match.strip('"'):
            reader.close()
            raise ObjectChangedError(f"the object {key!r} is no longer {if_match!r}")
        return reader

    def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        """The objects whose key begins with ``prefix`` and is greater than ``after``, by key.

        The order is that of the keys' UTF-8, as OSS has it. An object that goes
        away while the list is read may be left out.
        """
        self._folders.check()
        keys = [key for key in self._objects.every_key() if key > after and key.startswith(prefix)]
        for key in sorted(keys):
            info = self._objects.find(key)
            if info is not None:
                yield info

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

        Raises:
            ObjectExistsError: the object is there, and ``overwrite`` is false.
            InvalidObjectNameError: the key breaks OSS's rules.
            BucketNotFoundError: the bucket is gone.
            OSError: the disk is full; nothing changes.
        """
        check_key(key)
        with self._objects.new_file() as file:
            digests = file.write(chunks)
            description = Description(
                name=key,
                etag=digests.md5,
                crc64=digests.crc64,
                content_type=content_type,
                metadata=metadata,
            )
            return self._objects.publish(
                file.path,
                file.fileno(),
                description,
                overwrite=overwrite,
                durable=self._durable or digests.size > SMALL_BYTES,
            )

    def adopt(
        self,
        key: str,
        path: Path,
        *,
        etag: str = "",
        crc64: int | None = None,
        content_type: str = DEFAULT_CONTENT_TYPE,
        metadata: Mapping[str, str] = {},
        overwrite: bool = True,
    ) -> ObjectInfo:
        """Store a local file as an object and take the file away, without a copy if possible.

        Args:
            key: The object's key.
            path: The file, which nobody may be writing to.
            etag: The object's ETag; made from the file's status where empty.
            crc64: The CRC-64 of the file, where it is known.
            content_type: The object's media type.
            metadata: The object's user metadata.
            overwrite: Whether an object that is there may be replaced.

        Raises:
            FileNotFoundError: there is no such file.
            ObjectExistsError: the object is there, and ``overwrite`` is false.
            StoreError: it is no regular file.
            InvalidObjectNameError: the key breaks OSS's rules.
            BucketNotFoundError: the bucket is gone.
        """
        check_key(key)
        self._folders.check()
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise StoreError(f"{path} is no regular file")
            description = Description(
                name=key,
                etag=etag or status_etag(status),
                crc64=crc64,
                content_type=content_type,
                metadata=metadata,
            )
            return self._moved(path, fd, description, overwrite=overwrite)
        finally:
            os.close(fd)

    def staged(self) -> set[str]:
        """Nothing: what is being made is a file of whoever makes it."""
        return set()

    def leavings(self, token: str) -> NoLeavings:  # noqa: ARG002 - see staged
        """Nothing, likewise."""
        return NoLeavings()

    def draft(
        self,
        key: str,
        path: Path,
        *,
        token: str,  # noqa: ARG002 - nothing is stored that would have to be found again
        head_size: int = 0,  # noqa: ARG002 - a file takes its bytes in any order
        metadata: Mapping[str, str] = {},  # noqa: ARG002 - known when the object appears
    ) -> FileDraft[FileToAdopt]:
        """Begin an object in a local file, which is moved into the folder when it is published.

        Args:
            key: The key that the object will have.
            path: The file; best on the file system of the folder.
            token: Not used here.
            head_size: Not used here.
            metadata: Not used here.

        Raises:
            InvalidObjectNameError: the key breaks OSS's rules.
        """
        check_key(key)
        return FileDraft(path, partial(FileToAdopt, self, key), let_pass=self._let_pass)

    def resume_draft(
        self,
        key: str,
        path: Path,
        *,
        draft_id: str,
        end: int,
        token: str,  # noqa: ARG002 - see draft
        head_size: int = 0,  # noqa: ARG002 - see draft
        metadata: Mapping[str, str] = {},  # noqa: ARG002 - see draft
    ) -> FileDraft[FileToAdopt]:
        """Go on with a local file that somebody had to leave.

        Args:
            key: The key that the object will have.
            path: A file beside it.
            draft_id: Its name.
            end: A place up to which its bytes were kept.
            token: Not used here.
            head_size: Not used here.
            metadata: Not used here.

        Raises:
            DraftNotFoundError: the file is gone or too short, or somebody still writes to it.
        """
        return FileDraft.resume(
            path.with_name(draft_id),
            partial(FileToAdopt, self, key),
            end=end,
            let_pass=self._let_pass,
        )

    def start_upload(
        self,
        key: str,
        *,
        content_type: str = DEFAULT_CONTENT_TYPE,
        metadata: Mapping[str, str] = {},
    ) -> FolderUpload:
        """Begin an object that is put together from parts.

        Raises:
            InvalidObjectNameError: the key breaks OSS's rules.
            BucketNotFoundError: the bucket is gone.
        """
        check_key(key)
        record = UploadRecord(
            key=key, started=datetime.now(UTC), content_type=content_type, metadata=metadata
        )
        return folder_upload.start(self._folders, self._objects, record)

    def upload(self, upload_id: str) -> FolderUpload:
        """An upload that was started before.

        Raises:
            UploadNotFoundError: there is none.
        """
        return folder_upload.find(self._folders, self._objects, upload_id)

    def uploads(self) -> Sequence[FolderUpload]:
        """The uploads that are neither complete nor aborted, by key and time."""
        return folder_upload.every(self._folders, self._objects)

    def delete(self, key: str, *, if_match: str = "") -> None:
        """Delete an object; no error where there is none.

        Raises:
            ObjectChangedError: it is not the one of the ETag ``if_match``, or is gone.
            InvalidObjectNameError: the key breaks OSS's rules.
            BucketNotFoundError: the bucket is gone.
        """
        self._folders.check()
        if if_match:
            found = self._objects.find(key)
            if found is None or found.etag != if_match:
                raise ObjectChangedError(f"the object {key!r} is no longer {if_match!r}")
        self._objects.delete(key)

    def _let_pass(self, size: int) -> None:
        bandwidth.PROCESS.let_pass(size, self._interruption)

    def _moved(
        self, path: Path, fd: int, description: Description, *, overwrite: bool
    ) -> ObjectInfo:
        try:
            return self._objects.publish(path, fd, description, overwrite=overwrite)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        with self._objects.new_file() as file:
            append(fd, file.fileno(), position=0, let_pass=self._let_pass)
            info = self._objects.publish(file.path, file.fileno(), description, overwrite=overwrite)
        path.unlink()
        return info
