"""``python -m benchmarks [NAME ...]`` prints the benchmarks' tables."""

from __future__ import annotations

import argparse

from benchmarks import oss_endpoint, whole_task

GIB = 2**30
NAMES = ("whole_task", "oss_endpoint")


def main() -> None:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--virtual-gib", type=int, default=8, help="the disk's size in GiB")
    parser.add_argument("--data-gib", type=int, default=2, help="the disk's data in GiB")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is run")
    chosen = parser.parse_args()
    names = chosen.names or NAMES
    if unknown := set(names).difference(NAMES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    if "whole_task" in names:
        whole_task.run(
            virtual_size=chosen.virtual_gib * GIB,
            data_size=chosen.data_gib * GIB,
            rounds=chosen.rounds,
        )
    if "oss_endpoint" in names:
        oss_endpoint.run(rounds=chosen.rounds)


main()
