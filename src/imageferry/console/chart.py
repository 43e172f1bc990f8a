"""A chart of how fast a task was over time, as numbers that an SVG is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from imageferry.console.interface import Sample
from imageferry.console.quantities import in_bytes

WIDTH, HEIGHT = 600, 120
MAX_POINTS = 60
"""More could not be told apart, and would make each change of the chart larger."""

_ENOUGH = 2


@dataclass(frozen=True)
class Chart:
    """A line of a rate over time.

    Attributes:
        line: The points of the line, as SVG has them.
        area: The points of the area under it.
        peak: The highest rate, in words.
        average: The mean of the samples, in words.
        seconds: How long the line is.
    """

    line: str
    area: str
    peak: str
    average: str
    seconds: int


def chart(samples: Sequence[Sample]) -> Chart | None:
    """The chart of a task's samples; ``None`` while there are too few for a line."""
    if len(samples) < _ENOUGH:
        return None
    begin = samples[0].time
    seconds = (samples[-1].time - begin).total_seconds()
    points = [
        ((sample.time - begin).total_seconds(), sample.bytes_per_second)
        for sample in _thinned(samples)
    ]
    peak = max(rate for _, rate in points)
    line = " ".join(
        f"{moment / (seconds or 1) * WIDTH:.0f},{HEIGHT - rate / (peak or 1) * HEIGHT:.0f}"
        for moment, rate in points
    )
    average = sum(sample.bytes_per_second for sample in samples) / len(samples)
    area = f"0,{HEIGHT} {line} {WIDTH},{HEIGHT}"
    return Chart(line, area, in_bytes(peak), in_bytes(average), round(seconds))


def _thinned(samples: Sequence[Sample]) -> list[Sample]:
    """As many samples as can be shown, evenly chosen, the first and the last among them."""
    if len(samples) <= MAX_POINTS:
        return list(samples)
    last = len(samples) - 1
    return [samples[round(number * last / (MAX_POINTS - 1))] for number in range(MAX_POINTS)]
