"""``python -m benchmarks`` prints every benchmark's tables."""

from __future__ import annotations

import argparse

from benchmarks import whole_task

GIB = 2**30


def main() -> None:
    """Run the benchmarks."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--virtual-gib", type=int, default=8, help="the disk's size in GiB")
    parser.add_argument("--data-gib", type=int, default=2, help="the disk's data in GiB")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is run")
    chosen = parser.parse_args()
    whole_task.run(
        virtual_size=chosen.virtual_gib * GIB,
        data_size=chosen.data_gib * GIB,
        rounds=chosen.rounds,
    )


main()
