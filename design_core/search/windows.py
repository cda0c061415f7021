"""What a local average of the bits can tell of x: second moments for the reconstruction PSNR.

`design_core.scores.reconstruct` averages the bits over a 5×5 window and fits the average L to x by
a straight line. Its expected error needs no simulation: it is var(x) − cov(L, x)² / var(L), and
the moments of L are sums over pairs of pixels up to four apart::

    E[L]    = mean of p(T)                                     p(t) = P(x ≥ t)
    E[L·x]  = mean of c(T)                                     c(t) = mean of E[x · (x' ≥ t)]
    E[L²]   = mean of Σ w(δ) · P(x ≥ T, x' ≥ T')               x' at displacement δ from x

over the cells, T' being the threshold δ further in the tiling, and w(δ) the share of the 25 × 25
pairs of window places that lie δ apart. Unlike the local scores this couples all cells of a kernel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["WINDOW", "WindowCounts", "WindowTables", "independent_window"]

Floats = NDArray[np.float64]

#: Side of the averaging window, as in `design_core.scores.reconstruct`.
WINDOW = 5

_REACH = WINDOW - 1
_LEAST_VARIANCE = 1e-12  # below, the local average is constant and tells nothing


@dataclass(frozen=True, eq=False)
class WindowTables:
    """Second moments of bits within a window.

    Attributes
    ----------
    pairs
        P(x ≥ t_a and x' ≥ t_b), x' at displacement (i − 4, j − 4) from x: shape (9, 9, N, N).
    cross
        c(t) of each level: E[x · (x' ≥ t)] averaged over the window, shape (N,).
    density
        P(x ≥ t) of each level, shape (N,).
    mean, variance, peak
        Of x; the peak is the range of its values.
    """

    pairs: Floats
    cross: Floats
    density: Floats
    mean: float
    variance: float
    peak: float

    def psnr(self, ranks: NDArray[Any]) -> Floats:
        """PSNR in dB of reconstructions from kernels of level ranks, shape (..., d1, d2)."""
        rows, columns = ranks.shape[-2:]
        by_phase = np.zeros((rows, columns, *self.pairs.shape[2:]))
        weight = (WINDOW - np.abs(np.arange(-_REACH, _REACH + 1))) / WINDOW**2
        for i in range(2 * _REACH + 1):
            for j in range(2 * _REACH + 1):
                phase = (i - _REACH) % rows, (j - _REACH) % columns
                by_phase[phase] += weight[i] * weight[j] * self.pairs[i, j]
        square = np.zeros(ranks.shape[:-2])
        for down in range(rows):
            for right in range(columns):
                other = np.roll(ranks, (-down, -right), axis=(-2, -1))
                square += by_phase[down, right][ranks, other].mean(axis=(-2, -1))
        average = self.density[ranks].mean(axis=(-2, -1))
        covariance = self.cross[ranks].mean(axis=(-2, -1)) - average * self.mean
        spread = square - average**2
        constant = spread < _LEAST_VARIANCE
        explained = np.where(constant, 0, covariance**2 / np.where(constant, 1, spread))
        error = np.maximum(self.variance - explained, np.finfo(np.float64).tiny)
        return np.asarray(20 * np.log10(self.peak) - 10 * np.log10(error))


def independent_window(
    density: Floats, partial_mean: Floats, *, mean: float, variance: float, peak: float
) -> WindowTables:
    """Moments where pixels do not depend on each other.

    This is exact for random binary convolutions: two windows that overlap share pixels, but the
    products of a pixel with the two weights that meet it differ by the product of these weights,
    which is a fair coin of its own for every shared pixel. So any two values are independent.
    """
    pairs = np.empty((2 * _REACH + 1,) * 2 + (len(density),) * 2)
    pairs[:] = np.outer(density, density)
    pairs[_REACH, _REACH] = np.minimum.outer(density, density)  # the same pixel
    cross = density * mean + (partial_mean - density * mean) / WINDOW**2
    return WindowTables(pairs, cross, density, mean, variance, peak)


@dataclass
class WindowCounts:
    """Counts of pairs of binned pixels, gathered map by map.

    Parameters
    ----------
    n_bins
        Bins of x between the thresholds: one more than there are levels.
    """

    n_bins: int
    counts: Floats = field(init=False)
    sums: Floats = field(init=False)
    low: float = np.inf
    high: float = -np.inf

    def __post_init__(self) -> None:
        side = 2 * _REACH + 1
        self.counts = np.zeros((side, side, self.n_bins, self.n_bins))
        self.sums = np.zeros((side, side, self.n_bins))

    def add(self, x: NDArray[np.float32], bins: NDArray[np.int64]) -> None:
        """Count maps of shape (..., H, W) and their bins."""
        self.low, self.high = min(self.low, float(x.min())), max(self.high, float(x.max()))
        height, width = x.shape[-2:]
        for i in range(2 * _REACH + 1):
            for j in range(2 * _REACH + 1):
                down, right = i - _REACH, j - _REACH
                if abs(down) >= height or abs(right) >= width:
                    continue
                here = _overlap(height, -down), _overlap(width, -right)
                there = _overlap(height, down), _overlap(width, right)
                mine, other = bins[(..., *here)].ravel(), bins[(..., *there)].ravel()
                pairs = np.bincount(mine * self.n_bins + other, minlength=self.n_bins**2)
                self.counts[i, j] += pairs.reshape(self.n_bins, self.n_bins)
                values = x[(..., *here)].ravel().astype(np.float64)
                self.sums[i, j] += np.bincount(other, weights=values, minlength=self.n_bins)

    def tables(
        self, place: NDArray[Any], *, density: Floats, mean: float, variance: float
    ) -> WindowTables:
        """Moments of the levels, `place` being each level's among the ascending thresholds."""
        number = np.maximum(self.counts.sum(axis=(2, 3), keepdims=True), 1)
        share = self.counts / number
        beyond = share[:, :, ::-1, ::-1].cumsum(axis=2).cumsum(axis=3)[:, :, ::-1, ::-1]
        pairs = beyond[:, :, 1:, 1:][:, :, place][:, :, :, place]
        inner = slice(_REACH - WINDOW // 2, _REACH + WINDOW // 2 + 1)
        sums = (self.sums / number[..., 0])[inner, inner].mean(axis=(0, 1))
        cross = sums[::-1].cumsum()[::-1][1:][place]
        return WindowTables(pairs, cross, density, mean, variance, self.high - self.low)


def _overlap(size: int, step: int) -> slice:
    """The part of an axis that stays inside when it is moved back by `step`."""
    return slice(max(step, 0), size + min(step, 0))
