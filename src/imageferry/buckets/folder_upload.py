"""Multipart uploads into a folder: a hidden folder each, with a file a part."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from imageferry.buckets.crc64 import combine
from imageferry.buckets.descriptions import Descriptions
from imageferry.buckets.files import NewFile, append, locked, write_new
from imageferry.buckets.folder_objects import BucketFolders, ObjectFiles
from imageferry.buckets.interface import (
    BucketNotFoundError,
    InvalidPartError,
    ObjectInfo,
    PartInfo,
    UploadNotFoundError,
)
from imageferry.buckets.part_sizes import check_sizes
from imageferry.buckets.sidecars import DEFAULT_CONTENT_TYPE, Description, Sidecars

MAX_PART_NUMBER = 10_000
_RECORD = "upload.json"
_SIDECARS = "sidecars"
_ID = re.compile(r"[0-9A-F]{32}")
_PART_NAME = re.compile(r"[0-9]{5}")


class UploadRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What was said when an upload was started."""

    key: str
    started: datetime
    content_type: str = DEFAULT_CONTENT_TYPE
    metadata: Mapping[str, str] = {}


@dataclass(frozen=True)
class _OpenPart:
    """One version of a part, open, so that a new one cannot change what is read."""

    fd: int
    description: Description


class FolderUpload:
    """One multipart upload of a bucket in a folder."""

    def __init__(self, folder: Path, record: UploadRecord, objects: ObjectFiles) -> None:
        self._folder = folder
        self._record = record
        self._objects = objects
        self._descriptions = Descriptions("part", Sidecars(folder / _SIDECARS))

    @property
    def id(self) -> str:
        """Its name within the bucket."""
        return self._folder.name

    @property
    def key(self) -> str:
        """The key the object will have."""
        return self._record.key

    @property
    def started(self) -> datetime:
        """When it was started, UTC."""
        return self._record.started

    def write_part(self, number: int, chunks: Iterable[bytes]) -> PartInfo:
        """Store one part, replacing an earlier one of that number.

        Of several at the same time, one is kept whole.

        Raises:
            InvalidPartError: the number is not from 1 to 10000.
            UploadNotFoundError: the upload was completed or aborted meanwhile.
            OSError: the disk is full.
        """
        path = self._part_path(number)
        try:
            with NewFile(self._folder) as file:
                digests = file.write(chunks)
                description = Description(name=path.name, etag=digests.md5, crc64=digests.crc64)
                status = self._descriptions.write(file.fileno(), description)
                file.sync()
                file.rename(path)
        except FileNotFoundError:
            if self._folder.exists():
                raise
            raise self._gone() from None
        return _part_info(number, status, description)

    def parts(self) -> Sequence[PartInfo]:
        """The parts that are there, by number.

        Raises:
            UploadNotFoundError: the upload was completed or aborted meanwhile.
        """
        try:
            found = sorted(
                path for path in self._folder.iterdir() if _PART_NAME.fullmatch(path.name)
            )
        except FileNotFoundError:
            raise self._gone() from None
        return [part for path in found if (part := self._part(path))]

    def complete(
        self,
        parts: Sequence[tuple[int, str]] | None = None,
        *,
        least_part: int = 0,
        overwrite: bool = True,
    ) -> ObjectInfo:
        """Make the object of the parts ``(number, etag)`` named, or of all, and forget the upload.

        A crash on the way leaves the upload as it was, or the object complete.

        Raises:
            InvalidPartError: a named part is missing or has another ETag, or there is none.
            PartTooSmallError: a part that is not the last has less than ``least_part`` bytes.
            ObjectExistsError: the object is there, and ``overwrite`` is false.
            UploadNotFoundError: the upload was completed or aborted meanwhile.
            OSError: the disk is full; the upload stays as it was.
        """
        with self._claimed():
            chosen = self._chosen(parts)
            check_sizes(chosen, least_part)
            make = self._linked if len(chosen) == 1 else self._assembled
            info = make(chosen, overwrite=overwrite)
            self._forget()
        return info

    def abort(self) -> None:
        """Forget the upload and every part of it.

        Raises:
            UploadNotFoundError: it was completed or aborted before.
        """
        with self._claimed():
            self._forget()

    def last_change(self) -> float:
        """The Unix time of the last sign of life."""
        times = [self._folder.stat().st_mtime]
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                times.append(path.stat().st_mtime)
        return max(times)

    def _chosen(self, named: Sequence[tuple[int, str]] | None) -> list[PartInfo]:
        there = {part.number: part for part in self.parts()}
        if named is None:
            named = [(part.number, part.etag) for part in there.values()]
        if not named:
            raise InvalidPartError("an object needs at least one part")
        for number, etag in named:
            if number not in there or there[number].etag != etag.strip('"').upper():
                raise InvalidPartError(f"there is no part {number} with the ETag {etag!r}")
        return [there[number] for number, _ in named]

    def _linked(self, parts: Sequence[PartInfo], *, overwrite: bool) -> ObjectInfo:
        """Make the object of the only part's file itself, under a second name."""
        (part,) = parts
        with self._objects.temporary_name() as path:
            path.hardlink_to(self._part_path(part.number))
            with self._opened(part, path) as version:
                etag = _multipart_etag([part])
                description = self._describe(etag, version.description.crc64)
                return self._objects.publish(path, version.fd, description, overwrite=overwrite)

    def _assembled(self, parts: Sequence[PartInfo], *, overwrite: bool) -> ObjectInfo:
        with self._objects.new_file() as file:
            position, crc64 = 0, 0
            for part in parts:
                with self._opened(part, self._part_path(part.number)) as version:
                    position = append(version.fd, file.fileno(), position=position)
                    crc64 = combine(crc64, version.description.crc64 or 0, part.size)
            description = self._describe(_multipart_etag(parts), crc64)
            return self._objects.publish(file.path, file.fileno(), description, overwrite=overwrite)

    def _describe(self, etag: str, crc64: int | None) -> Description:
        return Description(
            name=self.key,
            etag=etag,
            crc64=crc64,
            content_type=self._record.content_type,
            metadata=self._record.metadata,
        )

    @contextmanager
    def _claimed(self) -> Iterator[None]:
        """Keep others from ending the upload at the same time."""
        try:
            with locked(self._folder / _RECORD):
                yield
        except FileNotFoundError:
            if self._folder.exists():
                raise
            raise self._gone() from None

    @contextmanager
    def _opened(self, part: PartInfo, path: Path) -> Iterator[_OpenPart]:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            name = self._part_path(part.number).name
            description = self._descriptions.find(name, fd, os.fstat(fd))
            if description is None or description.etag != part.etag:
                raise InvalidPartError(f"part {part.number} was replaced meanwhile")
            yield _OpenPart(fd, description)
        finally:
            os.close(fd)

    def _forget(self) -> None:
        discard_folder(self._folder, self._folder.parent.parent / "temporary")

    def _part(self, path: Path) -> PartInfo | None:
        with suppress(FileNotFoundError):
            status = path.stat()
            description = self._descriptions.find(path.name, path, status)
            if description is not None:
                return _part_info(int(path.name), status, description)
        return None

    def _part_path(self, number: int) -> Path:
        if not 1 <= number <= MAX_PART_NUMBER:
            raise InvalidPartError(f"a part's number is 1 to {MAX_PART_NUMBER}, not {number}")
        return self._folder / f"{number:05}"

    def _gone(self) -> UploadNotFoundError:
        return UploadNotFoundError(f"there is no upload {self.id!r}")


def start(folders: BucketFolders, objects: ObjectFiles, record: UploadRecord) -> FolderUpload:
    """Begin an upload.

    Raises:
        BucketNotFoundError: the bucket is gone.
    """
    folders.check()
    identifier = secrets.token_hex(16).upper()
    draft = folders.temporary / identifier
    try:
        (draft / _SIDECARS).mkdir(parents=True)
        write_new(draft / _RECORD, msgspec.json.encode(record))
        draft.rename(folders.uploads / identifier)
    except FileNotFoundError:
        raise BucketNotFoundError(f"there is no bucket {folders.name!r}") from None
    return FolderUpload(folders.uploads / identifier, record, objects)


def find(folders: BucketFolders, objects: ObjectFiles, identifier: str) -> FolderUpload:
    """An upload that was started before.

    Raises:
        UploadNotFoundError: there is none of that id.
    """
    record = _read(folders.uploads / identifier) if _ID.fullmatch(identifier) else None
    if record is None:
        raise UploadNotFoundError(f"there is no upload {identifier!r}")
    return FolderUpload(folders.uploads / identifier, record, objects)


def every(folders: BucketFolders, objects: ObjectFiles) -> list[FolderUpload]:
    """The uploads that are neither complete nor aborted, by key and time."""
    found = []
    with suppress(FileNotFoundError):
        for folder in folders.uploads.iterdir():
            with suppress(UploadNotFoundError):
                found.append(find(folders, objects, folder.name))
    return sorted(found, key=lambda upload: (upload.key, upload.started, upload.id))


def discard_folder(folder: Path, trash: Path) -> None:
    """Remove a folder so that it is either there or gone, whatever happens on the way."""
    target = trash / secrets.token_hex(16)
    with suppress(FileNotFoundError):
        folder.rename(target)
        shutil.rmtree(target, ignore_errors=True)


def _read(folder: Path) -> UploadRecord | None:
    try:
        return msgspec.json.decode((folder / _RECORD).read_bytes(), type=UploadRecord)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _part_info(number: int, status: os.stat_result, description: Description) -> PartInfo:
    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    return PartInfo(number, status.st_size, description.etag, modified, description.crc64)


def _multipart_etag(parts: Sequence[PartInfo]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for part in parts:
        digest.update(bytes.fromhex(part.etag))
    return f"{digest.hexdigest().upper()}-{len(parts)}"
