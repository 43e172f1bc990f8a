"""``python -m imageferry`` is the command ``imageferry``."""

from imageferry.cli.main import main

main()
