"""Images and their disks."""
