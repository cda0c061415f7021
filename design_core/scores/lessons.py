"""What the story on the Learn page measures: small quantities that explain DeSign, each in itself.

Maps are single, of shape (H, W), float32; bits count 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import uniform_filter1d
from scipy.special import ndtr

from design_core.kernels.kernel import OMEGA, ThresholdKernel, binarize
from design_core.scaling import Scale
from design_core.scores import activation_density, block_entropy, total_variation

__all__ = [
    "Absorption",
    "Curve",
    "Flips",
    "absorb",
    "alternating",
    "averages_follow",
    "disagreement",
    "flips",
    "kept_differences",
    "neighbour_correlation",
    "normal_disagreement",
    "published_excess",
    "ramp",
    "running_average",
    "staircase",
    "strength_curve",
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


def ramp(width: int, rows: int, *, reach: float = 2.5) -> Map:
    """A pre-activation that rises evenly from −`reach` to `reach`, shape (rows, width)."""
    return np.tile(np.linspace(-reach, reach, width, dtype=np.float32), (rows, 1))


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


def running_average(bits: ArrayLike, period: int) -> Floats:
    """Mean of the bits down each column, then along `period` columns; shape (W,).

    On bits of a map whose columns are constant, with as many rows as whole kernels, this is what
    an eye (or a convolution) sees that averages one kernel at a time. Edges are repeated.
    """
    columns = np.asarray(bits, dtype=np.float64).mean(axis=-2)
    return np.asarray(uniform_filter1d(columns, period, mode="nearest"))


@dataclass(frozen=True, eq=False)
class Flips:
    """Where neighbouring bits differ.

    Attributes
    ----------
    right
        Whether a bit differs from its right neighbour, shape (H, W − 1).
    down
        Whether it differs from its lower neighbour, shape (H − 1, W).
    """

    right: Bits
    down: Bits

    @property
    def total_variation(self) -> float:
        """Share of flips to the right plus share of flips downwards."""
        return float(self.right.mean() + self.down.mean())


def flips(bits: Bits) -> Flips:
    """Compare each bit with its right and its lower neighbour.

    Examples
    --------
    >>> flips(np.array([[True, False], [False, True]])).total_variation
    2.0
    """
    return Flips(bits[:, 1:] != bits[:, :-1], bits[1:] != bits[:-1])


def alternating() -> ThresholdKernel:
    """A checkerboard of thresholds −1 and +1 standard deviation, to be scaled by strength."""
    return ThresholdKernel.from_thresholds([[-1, 1], [1, -1]], name="checkerboard ±1")


@dataclass(frozen=True, eq=False)
class Curve:
    """Scores of a map against strength; every array has one value per strength."""

    strengths: Floats
    tv: Floats
    information: Floats
    density: Floats

    @property
    def best(self) -> float:
        """The strength that keeps the most information."""
        return float(self.strengths[int(self.information.argmax())])


def strength_curve(x: Map, kernel: ThresholdKernel, strengths: Sequence[float]) -> Curve:
    """Total variation, bits per pixel and density of a map at each strength of a kernel.

    Parameters
    ----------
    x
        One map, shape (H, W).
    kernel
        Its first slice cuts the map.
    strengths
        Factors on every threshold.
    """
    period = kernel.shape[1:]
    cut = [binarize(x, kernel.scaled(strength=strength)) for strength in strengths]
    return Curve(
        strengths=np.asarray(strengths, dtype=np.float64),
        tv=np.array([total_variation(bits) for bits in cut]),
        information=np.array([block_entropy(bits, period=period) for bits in cut]),
        density=np.array([activation_density(bits) for bits in cut]),
    )


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


@dataclass(frozen=True)
class Absorption:
    """The one threshold that comes nearest to a kernel on a map.

    Attributes
    ----------
    shift
        The threshold; batch norm reaches it with β = −shift.
    left
        Share of bits that still differ.
    """

    shift: float
    left: float


def absorb(x: Map, kernel: ThresholdKernel) -> Absorption:
    """Choose the single threshold whose bits differ least from those of the kernel.

    Only the values of x itself, and anything above them all, can be told apart as thresholds, so
    all are tried: going up, a value that falls below the threshold turns its bit off.

    Parameters
    ----------
    x
        One map, shape (H, W).
    kernel
        Its first slice cuts the map.
    """
    values = x.ravel()
    order = np.argsort(values, kind="stable")
    ordered, fires = values[order], binarize(x, kernel).ravel()[order]
    # With the first k values below the threshold: DeSign's ones among them, its zeros above them.
    wrong_below = np.concatenate([[0], np.cumsum(fires)])
    wrong_above = np.concatenate([np.cumsum(~fires[::-1])[::-1], [0]])
    wrong: NDArray[Any] = wrong_below + wrong_above
    # Equal values cannot be parted.
    parts = np.concatenate([[True], ordered[1:] != ordered[:-1], [True]])
    best = int(np.where(parts, wrong, values.size + 1).argmin())
    above = np.nextafter(ordered[-1], np.float32(np.inf))
    shift = ordered[best] if best < values.size else above
    return Absorption(float(shift), float(wrong[best] / values.size))


def neighbour_correlation(x: ArrayLike) -> float:
    """Mean correlation of a map with itself one pixel to the right, and one pixel below.

    Near 1 where neighbours may stand in for each other, 0 where they know nothing of each other;
    0 on a map that is constant too.

    Examples
    --------
    >>> float(round(neighbour_correlation([[0, 1, 2], [1, 2, 3], [2, 3, 4]]), 6))
    1.0
    """
    values = np.asarray(x, dtype=np.float64)
    along = _correlation(values[:, 1:], values[:, :-1])
    down = _correlation(values[1:], values[:-1])
    return (along + down) / 2


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
