"""Files of a file system by their paths. Nothing here knows the host's file system.

Only ``program.py`` may import this: it reads a hostile disk by the Dissect libraries,
in a process of its own.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, BinaryIO

from dissect.btrfs import Btrfs
from dissect.extfs import ExtFS
from dissect.fat import FATFS
from dissect.ntfs import NTFS
from dissect.xfs import XFS

from imageferry.imaging.contents import marks

MAX_LINKS = 40
MAX_SUBVOLUMES = 64


class Tree:
    """The files below one root.

    Args:
        root: The root folder, as the library has it.
        get: Finds a name in a folder.
        link: The target of a symbolic link; ``None`` of anything else.
    """

    def __init__(
        self, root: Any, get: Callable[[str, Any], Any], link: Callable[[Any], str | None]
    ) -> None:
        self._root = root
        self._get = get
        self._link = link

    def has(self, path: str) -> bool:
        """Whether there is something of that path."""
        try:
            self._find(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def read(self, path: str, limit: int) -> bytes:
        """The start of a file.

        Raises:
            FileNotFoundError: there is none.
        """
        found = self._find(path).open().read(limit)
        return bytes(found)

    def _find(self, path: str) -> Any:
        """Walk a path; links are followed within the tree, and never leave it.

        Raises:
            FileNotFoundError: there is nothing of that path, or its links have no end.
        """
        names = path.split("/")[::-1]
        trail = [self._root]
        links = 0
        while names:
            name = names.pop()
            if name == "..":
                del trail[max(1, len(trail) - 1) :]
            elif name not in ("", "."):
                node = self._get(name, trail[-1])
                target = self._link(node)
                if target is None:
                    trail.append(node)
                    continue
                links += 1
                if links > MAX_LINKS:
                    raise FileNotFoundError(path)
                if target.startswith("/"):
                    del trail[1:]
                names.extend(target.split("/")[::-1])
        return trail[-1]


def trees(kind: str, volume: BinaryIO) -> tuple[str, Iterator[Tree]]:
    """Open a file system.

    Args:
        kind: What its mark says that it is.
        volume: Its bytes.

    Returns:
        Its exact name, and its trees: several where it has subvolumes, none where we do
        not read its kind.

    Raises:
        Exception: it is damaged, in whatever way the library notices that.
    """
    opener = _OPENERS.get(kind)
    return opener(volume) if opener is not None else (kind, iter(()))


def _ext(volume: BinaryIO) -> tuple[str, Iterator[Tree]]:
    found = ExtFS(volume)
    return f"ext{found.type}", iter((Tree(found.root, found.get, _link_of_mode),))


def _xfs(volume: BinaryIO) -> tuple[str, Iterator[Tree]]:
    found = XFS(volume)
    return marks.XFS, iter((Tree(found.root, found.get, _link_of_mode),))


def _fat(volume: BinaryIO) -> tuple[str, Iterator[Tree]]:
    found = FATFS(volume)
    return marks.FAT, iter((Tree(found.root, found.get, _no_link),))


def _ntfs(volume: BinaryIO) -> tuple[str, Iterator[Tree]]:
    found = NTFS(volume)
    table = found.mft
    if table is None:
        return marks.NTFS, iter(())
    return marks.NTFS, iter((Tree(table.root, table.get, _no_link),))


def _btrfs(volume: BinaryIO) -> tuple[str, Iterator[Tree]]:
    found = Btrfs(volume)
    return marks.BTRFS, (
        Tree(subvolume.root, subvolume.get, _link_of_btrfs)
        for subvolume in (found.default_subvolume, *islice(found.subvolumes(), MAX_SUBVOLUMES))
    )


def _link_of_mode(node: Any) -> str | None:
    return str(node.link) if stat.S_IFMT(node.filetype) == stat.S_IFLNK else None


def _link_of_btrfs(node: Any) -> str | None:
    return str(node.link) if node.is_symlink() else None


def _no_link(_: Any) -> None:
    return None


_OPENERS: dict[str, Callable[[BinaryIO], tuple[str, Iterator[Tree]]]] = {
    marks.EXT: _ext,
    marks.XFS: _xfs,
    marks.FAT: _fat,
    marks.NTFS: _ntfs,
    marks.BTRFS: _btrfs,
}
