"""What the story on the Learn page measures: small quantities that explain DeSign, each in itself.

Maps are single, of shape (H, W), float32; bits count 0 and 1.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from design_core.kernels.kernel import OMEGA, ThresholdKernel, binarize
from design_core.scaling import Scale

__all__ = [
    "alternating",
    "averages_follow",
    "disagreement",
    "kept_differences",
    "normal_disagreement",
    "published_excess",
    "staircase",
]

Bits = NDArray[np.bool_]
Floats = NDArray[np.float64]
Map = NDArray[np.float32]

_LEAST_SPREAD = 1e-12  # less is rounding


def kept_differences(x: ArrayLike, bits: ArrayLike) -> float:
    """Share of neighbour pairs that differ in x whose bits differ too.

    Neighbours are right and lower ones. A picture without differences has none to keep: 0.

    Examples
    --------
    >>> x = np.array([[0.0, 0.2, 1.0]])
    >>> kept_differences(x, x >= 0.5)
    0.5
    """
    before, after = np.asarray(x), np.asarray(bits)
    differing = kept = 0
    for axis in (-1, -2):
        differs = np.diff(before, axis=axis) != 0
        differing += int(differs.sum())
        kept += int((differs & (np.diff(after, axis=axis) != 0)).sum())
    return kept / differing if differing else 0.0


def staircase(kernel: ThresholdKernel, x: ArrayLike) -> Floats:
    """Mean of the bits over one period of the kernel, on a map that is x throughout.

    It is the share of cells whose threshold is at most x: n different thresholds give n steps,
    and n + 1 levels. All slices count. Thresholds are rounded to float32, as in `binarize`.

    Examples
    --------
    >>> kernel = ThresholdKernel.from_thresholds([[0, 0], [1, 1]])
    >>> staircase(kernel, [-0.5, 0.5, 1.5]).tolist()
    [0.0, 0.5, 1.0]
    """
    thresholds = np.sort(kernel.thresholds.astype(np.float32), axis=None)
    at_most = np.searchsorted(thresholds, np.asarray(x, dtype=np.float32), side="right")
    return np.asarray(at_most / thresholds.size, dtype=np.float64)


def alternating() -> ThresholdKernel:
    """A checkerboard of thresholds −1 and +1 standard deviation, to be scaled by strength."""
    return ThresholdKernel.from_thresholds([[-1, 1], [1, -1]], name="checkerboard ±1")


def published_excess() -> tuple[float, float]:
    """By which share the published thresholds of Ω exceed converged Lloyd-Max: least and most."""
    ratio = Scale("published").thresholds(OMEGA) / Scale("lloyd-max").thresholds(OMEGA)
    return float(ratio.min() - 1), float(ratio.max() - 1)


def disagreement(x: Map, kernel: ThresholdKernel, shift: float) -> float:
    """Share of bits in which Sign with one threshold, x ≥ shift, differs from DeSign.

    Batch norm before Sign can do exactly this: its β = −shift.
    """
    return float((binarize(x, kernel) != (x >= np.float32(shift))).mean())


def normal_disagreement(kernel: ThresholdKernel, shift: ArrayLike) -> Floats:
    """`disagreement` where x is standard normal: the mean over the cells of |Φ(T) − Φ(shift)|.

    Least at the median of the thresholds. It reaches 0 only if all thresholds are equal.

    Examples
    --------
    >>> one = ThresholdKernel.from_thresholds([[0.5]])
    >>> normal_disagreement(one, [0.0, 0.5]).round(3).tolist()
    [0.191, 0.0]
    """
    above = ndtr(np.asarray(shift, dtype=np.float64))[..., None]
    return np.asarray(np.abs(ndtr(kernel.thresholds.ravel()) - above).mean(axis=-1))


def averages_follow(x: ArrayLike, bits: ArrayLike, period: tuple[int, int]) -> float:
    """Correlation of the means of all blocks of bits with the means of the same blocks of x.

    How well a sum over neighbouring bits, which is what the next layer takes, tells the values
    that they were. Blocks overlap; 0 where all means of one kind are equal.

    Parameters
    ----------
    period
        Rows and columns of a block: those of the kernel that made the bits.
    """
    means = [
        sliding_window_view(np.asarray(one, dtype=np.float64), period).mean(axis=(-1, -2))
        for one in (x, bits)
    ]
    return _correlation(*means)


def _correlation(a: Floats, b: Floats) -> float:
    a, b = a - a.mean(), b - b.mean()
    spread = float((a * a).sum() * (b * b).sum())
    return float((a * b).sum()) / spread**0.5 if spread > _LEAST_SPREAD else 0.0
