"""Check what a disk holds, in a process of its own that can hurt nothing but itself.

Checks are advice: whatever the disk does to them becomes a finding, never a failure.
"""

from __future__ import annotations

import asyncio
import importlib.util
import sys

import msgspec

from imageferry.imaging.contents.facts import DiskFacts
from imageferry.imaging.contents.findings import Expected, Finding, findings, incomplete
from imageferry.imaging.errors import ImageError
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.lease import Lease
from imageferry.imaging.program import Completed, Limits, run
from imageferry.imaging.serving import serve
from imageferry.imaging.source import ByteSource

PROGRAM = "imageferry.imaging.contents.program"
LIBRARY = "dissect"

LIMITS = Limits(cpu_seconds=30, file_bytes=0, address_space=1024**3)
"""A disk of an ordinary distribution takes about one second and 70 MiB."""
WALL_SECONDS = 120.0


async def check_contents(
    image: ByteSource,
    inspection: Inspection,
    expected: Expected,
    *,
    lease: Lease,
    limits: Limits = LIMITS,
    wall_seconds: float = WALL_SECONDS,
) -> list[Finding]:
    """Look into a disk that was imported.

    Args:
        image: A qcow2 image that was verified.
        inspection: What it was found to be.
        expected: What the import was told about it.
        lease: How long the checks may go on.
        limits: What they may use.
        wall_seconds: How long they may take.

    Raises:
        LeaseExpiredError: the lease was not renewed in time.
    """
    if importlib.util.find_spec(LIBRARY) is None:
        return [incomplete("their libraries are not installed (pip install imageferry[detection])")]
    try:
        async with asyncio.timeout(wall_seconds), serve(image, inspection) as served:
            command = [sys.executable, "-I", "-m", PROGRAM, str(served.server.path)]
            ended = await run(command, lease=lease, limits=limits)
    except TimeoutError:
        return [incomplete(f"they took more than {wall_seconds:g} s")]
    except ImageError as error:
        return [incomplete(error.detail.rstrip("."))]
    facts = _last_facts(ended.stdout)
    found = list(findings(facts, expected)) if facts is not None else []
    if facts is None or not facts.complete:
        found = [finding for finding in found if not finding.risk_code]
        found.append(incomplete(_reason(ended, limits)))
    return found


def _last_facts(output: bytes) -> DiskFacts | None:
    """The most that was found. The program's memory may be the disk's by now: believe no line."""
    for line in reversed(output.splitlines()):
        try:
            return msgspec.json.decode(line, type=DiskFacts)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return None


def _reason(ended: Completed, limits: Limits) -> str:
    if ended.exceeded_cpu:
        return f"they used more than {limits.cpu_seconds} s of processor time"
    return f"their program ended with status {ended.returncode}"
