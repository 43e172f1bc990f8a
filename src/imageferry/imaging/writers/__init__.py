"""Writers of disk images, one a format: they lay a disk out in the bytes of an output."""
