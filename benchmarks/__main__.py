"""``python -m benchmarks [NAME ...]`` prints the benchmarks' tables."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from benchmarks import console, oss_endpoint, resume, whole_task
from benchmarks.data_path import exports, sources
from benchmarks.data_path import main as data_path
from benchmarks.disk import Content
from benchmarks.many_tasks import main as many_tasks
from benchmarks.scale import main as scale

GIB = 2**30
NAMES = ("data_path", "whole_task", "oss_endpoint", "resume", "console", "scale", "many_tasks")


def main() -> None:
    """Run the benchmarks that are named, or all."""
    # However it is ended, its servers are to end too, and gigabytes of files to go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    parser = _parser()
    chosen = parser.parse_args()
    names = chosen.names or NAMES
    if unknown := set(names).difference(NAMES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    virtual_size, data_size = int(chosen.virtual_gib * GIB), int(chosen.data_gib * GIB)
    if "data_path" in names:
        data_path.run(
            data_path.Options(
                virtual_size=virtual_size,
                data_size=data_size,
                content=Content(chosen.content),
                rounds=chosen.rounds,
                sources=chosen.sources,
                targets=chosen.targets,
                all_peers=chosen.all_peers,
                peer_seconds=chosen.peer_seconds,
                json=chosen.json,
                kept=chosen.keep,
            )
        )
    if "whole_task" in names:
        whole_task.run(virtual_size=virtual_size, data_size=data_size, rounds=chosen.rounds)
    if "oss_endpoint" in names:
        oss_endpoint.run(rounds=chosen.rounds)
    if "console" in names:
        console.run()
    if "resume" in names:
        resume.run(
            virtual_size=virtual_size,
            data_size=data_size,
            content=Content(chosen.content),
            rounds=chosen.rounds,
        )
    if "scale" in names:
        scale.run()
    if "many_tasks" in names:
        many_tasks.run(
            many_tasks.Options(
                tasks=chosen.tasks,
                rows=chosen.rows,
                requests=chosen.requests,
                databases=chosen.databases,
                with_glance=chosen.glance,
            )
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--virtual-gib", type=float, default=8, help="the disk's size in GiB")
    parser.add_argument("--data-gib", type=float, default=2.5, help="the disk's data in GiB")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is run")
    group = parser.add_argument_group("data_path")
    group.add_argument("--content", choices=[item.value for item in Content], default="files")
    group.add_argument("--sources", nargs="*", default=(), choices=["", *sources.KINDS])
    group.add_argument("--targets", nargs="*", default=(), choices=["", *exports.KINDS])
    group.add_argument("--all-peers", action="store_true", help="others import every format")
    group.add_argument(
        "--peer-seconds", type=float, default=data_path.PEER_SECONDS, help="0 leaves others out"
    )
    group.add_argument("--json", type=Path, metavar="FILE", help="a file for the figures")
    group.add_argument("--keep", type=Path, metavar="FOLDER", help="keep objects for later runs")
    group = parser.add_argument_group("many_tasks")
    group.add_argument("--tasks", type=int, default=100_000, help="tasks of one account")
    group.add_argument("--rows", type=int, default=0, help="tasks of all accounts together")
    group.add_argument("--requests", type=int, default=1000, help="requests for each figure")
    group.add_argument(
        "--databases",
        nargs="*",
        default=many_tasks.DATABASES,
        choices=many_tasks.DATABASES,
        help="which are measured",
    )
    group.add_argument("--glance", action="store_true", help="install Glance and measure it too")
    return parser


main()
