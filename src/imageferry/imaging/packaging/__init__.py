"""Sources that hold a disk image inside of them: compressed ones, and archives of one disk."""
