"""The parts of the article in their order, and the numbers in its sentences that can be dragged."""

from __future__ import annotations

from dataclasses import dataclass

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.patterns import bayer, uniform
from design_core.kernels.published import PUBLISHED

__all__ = ["DIALS", "FIRST_STAIR", "PARTS", "SIZE", "STAIRS", "Dial"]

#: Longest side of the picture in the figures, pixels.
SIZE = 208

#: Titles by the key in the address.
PARTS = {
    "start": "Start",
    "why": "Why one bit",
    "cut": "What one cut loses",
    "kernel": "A threshold per pixel",
    "staircase": "Thresholds are dithering",
    "variation": "Counting edges",
    "detail": "Edges are not detail",
    "scaling": "How often a bit fires",
    "batch-norm": "What training can undo",
    "trained": "Down to one bit",
    "pattern": "Why not inside",
    "evidence": "What our networks say",
    "pays": "Where it pays",
    "open": "What remains open",
}


@dataclass(frozen=True)
class Dial:
    """A number in a sentence.

    Parameters
    ----------
    name
        In the article's markup, and in the address.
    label
        What it is, for screen readers.
    unit
        Written behind it.
    """

    name: str
    label: str
    low: float
    high: float
    start: float
    step: float
    unit: str = ""

    @property
    def key(self) -> str:
        """Where the session keeps it."""
        return f"learn_{self.name}"


#: By name.
DIALS = {
    dial.name: dial
    for dial in (
        Dial("width", "Channels in and out", 16, 512, 128, 16),
        Dial("cut", "Where to cut, in standard deviations", -1.5, 1.5, 0.0, 0.05),
        Dial("strength", "Strength of the kernel", 0.0, 1.5, 1.0, 0.05),
        Dial("ramp", "A place on the ramp, in standard deviations", -2.5, 2.5, 0.4, 0.05),
        Dial("flips", "Strength of the kernel", 0.0, 1.5, 1.0, 0.05),
        Dial("push", "Strength of the checkerboard", 0.0, 2.5, 0.75, 0.05),
        Dial("scale", "Strength of the kernel", 0.0, 2.0, 1.0, 0.05),
        Dial("beta", "β of the batch norm before Sign", -1.5, 0.0, 0.0, 0.01),
        Dial("inside", "Strength of the kernel in all layers", 0.0, 1.5, 1.0, 0.05),
        Dial("map", "Which map of the layer", 0, 127, 0, 1),
        Dial("shuffle", "Share of pixels that change places", 0, 100, 0, 5, "%"),
        Dial("spread", "Strength of the pattern", 0.0, 1.5, 1.0, 0.05),
    )
}

#: Kernels of the staircase by the code that stands for them in a link.
STAIRS: dict[str, ThresholdKernel] = {
    "uniform-1": uniform(1),
    "2x2-v2": PUBLISHED["2x2-v2"],
    "3x3-symmetric-v2": PUBLISHED["3x3-symmetric-v2"],
    "bayer-4": bayer(4),
}
FIRST_STAIR = "bayer-4"
