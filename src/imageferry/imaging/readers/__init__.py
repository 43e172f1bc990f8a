"""Where a disk's data lies in an image: one reader for each format."""
