"""One bounded parser for each disk image format."""
