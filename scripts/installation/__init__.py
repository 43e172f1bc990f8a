"""The set-up of a working copy: Python packages, qemu-img, and Node packages for the tests."""
