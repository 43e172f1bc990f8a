"""The files that are a bucket's objects, and the hidden ones that serve them."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from imageferry.buckets import names
from imageferry.buckets.descriptions import Descriptions, status_etag
from imageferry.buckets.files import TEMPORARY_PREFIX, NewFile, sync_folder
from imageferry.buckets.interface import (
    BucketNotFoundError,
    ObjectExistsError,
    ObjectInfo,
    ObjectNotFoundError,
    StoreError,
)
from imageferry.buckets.sidecars import Description, Sidecars
from imageferry.buckets.write_order import settle

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}
"""What file systems without second names answer, as exFAT or a network drive."""
_NO_OBJECT_HERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO}
_PUBLISH_ATTEMPTS = 10


class BucketFolders:
    """Where the parts of one bucket are.

    Attributes:
        name: The bucket's name.
        objects: The folder with the objects, open to the user.
        state: The hidden folder with all else of this bucket.
    """

    def __init__(self, root: Path, name: str) -> None:
        self.name = name
        self.objects = root / name
        self.state = root / ".imageferry" / "buckets" / name
        self.description = self.state / "bucket.json"
        self.temporary = self.state / "temporary"
        self.sidecars = self.state / "sidecars"
        self.uploads = self.state / "uploads"

    def exist(self) -> bool:
        """Whether there is such a bucket."""
        if not names.is_bucket_name(self.name):
            return False
        with suppress(FileNotFoundError):
            return stat.S_ISDIR(self.objects.lstat().st_mode) and self.description.exists()
        return False

    def check(self) -> None:
        """Refuse a bucket that is not there.

        Raises:
            BucketNotFoundError: it is not.
        """
        if not self.exist():
            raise self.gone()

    def gone(self) -> BucketNotFoundError:
        """The error that says that there is no such bucket, or no more."""
        return BucketNotFoundError(f"there is no bucket {self.name!r}")


class ObjectFiles:
    """The objects of one bucket as files."""

    def __init__(self, folders: BucketFolders) -> None:
        self._folders = folders
        self._sidecars = Sidecars(folders.sidecars)
        self._descriptions = Descriptions("object", self._sidecars)

    def new_file(self) -> NewFile:
        """A file to write an object's bytes to.

        Raises:
            BucketNotFoundError: the bucket is gone.
        """
        self._folders.check()
        try:
            return NewFile(self._folders.temporary)
        except FileNotFoundError:
            raise self._folders.gone() from None

    @contextmanager
    def temporary_name(self) -> Iterator[Path]:
        """A name for a file that is removed at the end unless it was published."""
        self._folders.check()
        path = self._folders.temporary / f"{TEMPORARY_PREFIX}{secrets.token_hex(16)}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def path(self, key: str) -> Path:
        """The file of an object.

        Raises:
            InvalidObjectNameError: the key breaks OSS's rules.
        """
        return self._folders.objects.joinpath(*names.file_names(key))

    def status(self, key: str) -> os.stat_result | None:
        """The status of an object's file; ``None`` where there is no object."""
        path = self.path(key)
        if not self._parents_are_folders(path):
            return None
        try:
            status = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return status if stat.S_ISREG(status.st_mode) else None

    def find(self, key: str) -> ObjectInfo | None:
        """What is known of an object; ``None`` where there is none."""
        try:
            fd = self.open(key)
        except ObjectNotFoundError:
            return None
        except PermissionError:
            status = self.status(key)
            return _undescribed(key, status) if status else None
        try:
            return self.info(key, fd)
        finally:
            os.close(fd)

    def info(self, key: str, fd: int) -> ObjectInfo:
        """What is known of an object whose file is open."""
        status = os.fstat(fd)
        description = self._descriptions.find(key, fd, status)
        return _info(status, description) if description else _undescribed(key, status)

    def open(self, key: str) -> int:
        """A file descriptor to read an object by.

        Raises:
            ObjectNotFoundError: there is no such object.
        """
        path = self.path(key)
        if not self._parents_are_folders(path):
            raise self.missing(key)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in _NO_OBJECT_HERE:
                raise self.missing(key) from None
            raise
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise self.missing(key)
        return fd

    def missing(self, key: str) -> StoreError:
        """The error that says why there is no such object."""
        if not self._folders.exist():
            return self._folders.gone()
        return ObjectNotFoundError(f"there is no object {key!r} in {self._folders.name!r}")

    def publish(
        self,
        source: Path,
        fd: int,
        description: Description,
        *,
        overwrite: bool = True,
        durable: bool = True,
    ) -> ObjectInfo:
        """Make a file the object of a key, in one step, once its bytes are on the disk.

        Args:
            source: The file, on the bucket's file system; it is taken away.
            fd: The same file, open; nothing may be written to it any more.
            description: What is known of it; its name is the key.
            overwrite: Whether an object that is there may be replaced.
            durable: Whether a power cut that comes after this must not take the object back.

        Raises:
            ObjectExistsError: the object is there, and may not be replaced.
            BucketNotFoundError: the bucket is gone.
            StoreError: something that is no object stands in the way.
            OSError: the disk is full.
        """
        key = description.name
        replaced = self.status(key)
        try:
            status = self._publish(source, fd, description, overwrite=overwrite, durable=durable)
        except FileNotFoundError:
            if source.parent == self._folders.temporary or not self._folders.exist():
                raise self._folders.gone() from None
            raise
        if replaced and not os.path.samestat(replaced, status):
            self._descriptions.remove(key, replaced)
        return _info(status, description)

    def delete(self, key: str) -> None:
        """Delete an object; nothing happens where there is none."""
        status = self.status(key)
        if status is None:
            return
        path = self.path(key)
        with suppress(FileNotFoundError):
            path.unlink()
            sync_folder(path.parent)
        self._descriptions.remove(key, status)
        self._remove_empty(path.parent)

    def every_key(self) -> Iterator[str]:
        """The keys of all objects, in no order."""
        return self._keys_below(())

    def forget_stale_sidecars(self, older_than: float) -> int:
        """Remove the sidecars, last changed before a Unix time, of content that is gone."""
        removed = 0
        for sidecar in self._sidecars.all():
            if not self._is_current(sidecar.path, sidecar.description) and _removed_if_older(
                sidecar.path, older_than
            ):
                removed += 1
        return removed

    def remove_empty_folders(self) -> None:
        """Remove the folders of cut names that hold nothing any more."""
        for folder, _, _ in os.walk(self._folders.objects, topdown=False):
            self._remove_empty(Path(folder))

    def _is_current(self, path: Path, description: Description | None) -> bool:
        if description is None:
            return False
        status = self.status(description.name)
        return status is not None and self._sidecars.path(description.name, status) == path

    def _publish(
        self, source: Path, fd: int, description: Description, *, overwrite: bool, durable: bool
    ) -> os.stat_result:
        self._folders.check()
        status = self._descriptions.write(fd, description)
        try:
            make_safe = os.fsync if durable else settle
            make_safe(fd)
            target = self._rename(source, description.name, overwrite=overwrite)
        except BaseException:
            self._descriptions.remove(description.name, status)
            raise
        if durable:
            with suppress(FileNotFoundError):
                sync_folder(target.parent)
        return status

    def _rename(self, source: Path, key: str, *, overwrite: bool) -> Path:
        """Give a file the name of an object: the one step in which the object appears.

        Returns:
            Where it is.
        """
        target = self.path(key)
        for _ in range(_PUBLISH_ATTEMPTS):
            try:
                self._make_parents(target)
                if overwrite:
                    source.replace(target)
                else:
                    _link(source, target)
                    source.unlink(missing_ok=True)
            except FileExistsError:
                if self.status(key):
                    raise ObjectExistsError(f"there is an object {key!r} already") from None
                if os.path.lexists(target):
                    break
            except FileNotFoundError:
                # A deletion elsewhere may have removed a cut name's empty folder.
                if not (self._folders.exist() and source.exists()):
                    raise
            except (IsADirectoryError, NotADirectoryError):
                break
            else:
                return target
        raise StoreError(f"a file or folder that is no object stands in the way of {key!r}")

    def _make_parents(self, target: Path) -> None:
        for folder in self._parents(target):
            with suppress(FileExistsError):
                folder.mkdir()

    def _parents_are_folders(self, path: Path) -> bool:
        try:
            return all(stat.S_ISDIR(folder.lstat().st_mode) for folder in self._parents(path))
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _parents(self, path: Path) -> list[Path]:
        depth = len(path.relative_to(self._folders.objects).parts) - 1
        return list(reversed(path.parents[:depth]))

    def _remove_empty(self, folder: Path) -> None:
        with suppress(OSError):
            while folder != self._folders.objects and names.is_folder_name(folder.name):
                folder.rmdir()
                folder = folder.parent

    def _keys_below(self, above: tuple[str, ...]) -> Iterator[str]:
        folder = self._folders.objects.joinpath(*above)
        try:
            entries = os.scandir(folder)
        except FileNotFoundError:
            return
        with entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    key = names.key_of((*above, entry.name))
                    if key is not None:
                        yield key
                elif names.is_folder_name(entry.name) and entry.is_dir(follow_symlinks=False):
                    yield from self._keys_below((*above, entry.name))


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, which nothing may have; where there are none, another name."""
    try:
        target.hardlink_to(source)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from None
        source.replace(target)


def _undescribed(key: str, status: os.stat_result) -> ObjectInfo:
    return _info(status, Description(name=key, etag=status_etag(status)))


def _info(status: os.stat_result, description: Description) -> ObjectInfo:
    return ObjectInfo(
        key=description.name,
        size=status.st_size,
        etag=description.etag,
        modified=datetime.fromtimestamp(status.st_mtime, UTC),
        content_type=description.content_type,
        crc64=description.crc64,
        metadata=description.metadata,
    )


def _removed_if_older(path: Path, than: float) -> bool:
    with suppress(FileNotFoundError):
        if path.lstat().st_mtime < than:
            path.unlink()
            return True
    return False
