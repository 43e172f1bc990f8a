"""Sound inputs made unsound: what a parser must take without harm."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

_EXTREMES = [
    bytes(8),
    b"\xff" * 8,
    b"\x7f" + b"\xff" * 7,
    b"\x80" + bytes(7),
    b"\xff" * 4,
    b"\xff" * 7 + b"\x7f",
    b"\0\0\0\1",
    b"\1\0\0\0",
    b"9" * 5000,
    b"\xed\xa0\x80",
    b"\r\n",
    b"%00",
]
"""Numbers at the ends of their ranges in both orders of bytes, and text that decodes badly."""


@st.composite
def mutations(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds with a few bytes flipped, put over, put in, cut out or cut off."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["flip", "put over", "put in", "cut out", "cut off", "splice"])):
            case "flip":
                data[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case "put over":
                piece = draw(st.sampled_from(_EXTREMES))
                data[at : at + len(piece)] = piece
            case "put in":
                data[at:at] = draw(st.sampled_from(_EXTREMES) | st.binary(max_size=20))
            case "cut out":
                del data[at : at + draw(st.integers(1, 16))]
            case "cut off":
                del data[at:]
            case "splice":
                other = draw(st.sampled_from(seeds))
                data[at:] = other[draw(st.integers(0, len(other))) :]
    return bytes(data)
