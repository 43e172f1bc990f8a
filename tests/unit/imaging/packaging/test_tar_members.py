from __future__ import annotations

import io
import struct
import tarfile

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.packaging.tar import Member, is_tar, members
from support.images.packages import archive, member


class Cursor:
    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    @property
    def position(self) -> int:
        return self._file.tell()

    @position.setter
    def position(self, position: int) -> None:
        self._file.seek(position)

    def read(self, length: int) -> bytes:
        return self._file.read(length)

    def skip(self, length: int) -> None:
        self._file.seek(length, io.SEEK_CUR)


def found(data: bytes) -> list[Member]:
    return list(members(Cursor(data)))


def refusal(data: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        found(data)
    return f"{caught.value.code} {caught.value.detail}"


def header(*, size: bytes = b"0" * 12, kind: bytes = b"0", name: bytes = b"disk") -> bytes:
    """A header made by hand, with a sound checksum."""
    block = bytearray(512)
    block[: len(name)] = name
    block[124:136] = size
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_plain_files_are_found_in_every_form(form: int) -> None:
    folder = member("images", type=tarfile.DIRTYPE)
    data = archive((folder, b""), ("images/a", b"x" * 700), ("b", b""), ("c", b"y"), form=form)
    assert is_tar(data[:512])
    files = found(data)
    assert [(file.name, file.size) for file in files] == [("images/a", 700), ("b", 0), ("c", 1)]
    assert [data[file.offset : file.offset + file.size] for file in files] == [
        b"x" * 700,
        b"",
        b"y",
    ]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_are_put_together(form: int) -> None:
    name = "/".join(["folder" * 10] * 3)
    assert [file.name for file in found(archive((name, b"x"), form=form))] == [name]


def test_a_size_may_be_larger_than_octal_digits_can_say() -> None:
    size = b"\x80" + (1 << 40).to_bytes(11, "big")
    cursor = Cursor(header(size=size))
    assert next(members(cursor)).size == 1 << 40


def test_a_size_of_a_pax_header_counts() -> None:
    record = b"21 size=109951162777\n"
    data = header(size=b"%011o\0" % len(record), kind=b"x") + record.ljust(512, b"\0") + header()
    assert next(members(Cursor(data))).size == 109951162777


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../disk", "a/../../disk", "a\\..\\disk", "a/..", "//x"]
)
def test_names_that_lead_out_are_refused(name: str) -> None:
    data = header(name=name.encode())
    assert "leads out of it" in refusal(data)


def test_long_names_that_lead_out_are_refused() -> None:
    name = "a/" * 100 + "../" * 101 + "disk"
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        assert "leads out of it" in refusal(archive((name, b"x"), form=form))


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (b"1", "a hard link"),
        (b"2", "a symbolic link"),
        (b"3", "a device"),
        (b"4", "a device"),
        (b"6", "a pipe"),
        (b"K", "a link"),
        (b"S", "a sparse file"),
        (b"M", "a member of the type b'M'"),
        (b"V", "a member of the type b'V'"),
    ],
)
def test_what_is_no_plain_file_is_refused(kind: bytes, what: str) -> None:
    assert f"InvalidImageFormat.Archive The archive holds {what}" in refusal(header(kind=kind))


def test_sparse_files_of_pax_are_refused() -> None:
    sparse = member("disk", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0"})
    assert "sparse file" in refusal(archive((sparse, b"x"), form=tarfile.PAX_FORMAT))


def test_a_global_size_is_refused() -> None:
    record = b"10 size=1\n"
    data = header(size=b"%011o\0" % len(record), kind=b"g") + record.ljust(512, b"\0") + header()
    assert "one name or size to all" in refusal(data)


@pytest.mark.parametrize("end", [513, 700, 1024, 1535, 1536])
def test_an_archive_that_breaks_off_is_refused(end: int) -> None:
    data = archive(("a", b"x" * 500), ("b", b"y"))[:end]
    assert refusal(data).startswith("InvalidImageFormat.Truncated")


def test_what_is_no_header_is_refused() -> None:
    data = archive(("a", b"x"))[:1024] + b"x" * 512
    assert "no sound header at byte 1024" in refusal(data)


def test_a_header_that_was_changed_is_refused() -> None:
    data = bytearray(archive(("a", b"x")))
    data[3] ^= 1
    assert not is_tar(bytes(data[:512]))
    assert "no sound header at byte 0" in refusal(bytes(data))


@pytest.mark.parametrize(
    "size", [b"-0000000001\0", b"9" * 12, b"\x80" + b"\xff" * 11, b"\xff" * 12, b"0x000000000\0"]
)
def test_a_size_that_cannot_be_is_refused(size: bytes) -> None:
    assert "no sound size" in refusal(header(size=size))


@pytest.mark.parametrize(
    "record",
    [b"no record", b"8 size=1\n", b"11 size=-1\n", b"99 path=x\n", b"0 path=x\n", b"7 path\n"],
)
def test_a_damaged_record_is_refused(record: bytes) -> None:
    data = header(size=b"%011o\0" % len(record), kind=b"x") + record.ljust(512, b"\0") + header()
    assert refusal(data).startswith("InvalidImageFormat.ArchiveCorrupt")


def test_a_long_header_is_refused_unread() -> None:
    assert "a header of 8589934591 bytes" in refusal(header(size=b"77777777777\0", kind=b"x"))


def test_many_members_are_refused() -> None:
    assert "more than 64 members" in refusal(archive(*((f"{n}", b"") for n in range(65))))


def test_a_folder_with_a_size_is_refused() -> None:
    assert "has a size" in refusal(header(kind=b"5", size=b"%011o\0" % 512) + bytes(512))


def test_a_boot_sector_is_no_archive() -> None:
    assert not is_tar(b"")
    assert not is_tar(struct.pack("<257s5s250x", b"\xeb\x63\x90", b"ustar"))
