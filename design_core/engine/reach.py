"""How far from 0 a packed network's numbers can go: proof that none overflows and becomes NaN.

A compare of NaN gives a bit like any other, behind which nobody would see it. Weights are finite,
but their sums need not be.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

import numpy as np

from design_core.engine.layers import (
    BitConv,
    BitDense,
    Block,
    Cut,
    Layer,
    RealConv,
    Residual,
    ScaleShift,
    Signs,
)

__all__ = ["LARGEST_PICTURE", "prove_finite", "reach"]

#: No normalized pixel is farther from 0.
LARGEST_PICTURE = 1e6

_MOST = float(np.finfo(np.float32).max) / 2  # half, for what rounding adds


def prove_finite(layers: Sequence[Layer]) -> None:
    """ValueError unless all numbers of a network stay finite for pictures up to `LARGEST_PICTURE`.

    Bounds are those of magnitudes, which no order of a sum exceeds.
    """
    most = LARGEST_PICTURE
    for layer in layers:
        most = reach(layer, most)
        if not most <= _MOST:
            raise ValueError(
                f"{type(layer).__name__} holds numbers so large that its sums may overflow. Train "
                "the network again, with a lower learning rate."
            )


@singledispatch
def reach(_layer: Layer, most: float) -> float:
    """The largest magnitude that a layer makes, or meets on the way, of inputs up to `most`.

    Layers without numbers of their own pass theirs on; bits count as 1.
    """
    return most


@reach.register
def _(layer: BitConv, _most: float) -> float:
    return float(layer.fan_in)


@reach.register
def _(layer: RealConv, most: float) -> float:
    sums = np.abs(layer.weights.astype(np.float64)).sum(axis=(0, 1, 2))
    return most * float(sums.max())


@reach.register
def _(_layer: Cut | Signs, _most: float) -> float:
    return 1.0


@reach.register
def _(layer: Block, most: float) -> float:
    sums = reach(layer.conv, most)
    return sums if sums > _MOST else 1.0


@reach.register
def _(layer: ScaleShift, most: float) -> float:
    scale, slope, offset = (
        np.abs(one.astype(np.float64)) for one in (layer.scale, layer.slope, layer.offset)
    )
    scaled = most * scale
    return float(max(scaled.max(), (scaled * slope + offset).max()))


@reach.register
def _(layer: Residual, most: float) -> float:
    return reach(layer.norm, reach(layer.conv, 1.0)) + most


@reach.register
def _(layer: BitDense, _most: float) -> float:
    return float(np.abs(layer.weights.astype(np.float64)).sum(axis=(0, 1, 2)).max())
