"""``python -m benchmarks.scale``."""

from benchmarks.scale.main import main

main()
