"""Is what a scale assumes of x true? Its positive part against the half-normal.

Scaling puts the levels of a kernel where a quantizer of the half-normal |z|, z ~ N(0, 1), has its
boundaries: of the x above 0, which are those that the levels part, it takes for granted that
``P(x ≤ t | x > 0) = 2 Φ(t) − 1``. The largest difference of the two sides over all t is the
Kolmogorov–Smirnov distance: by so much at most the share of positive x that any threshold lets
through differs from the share that it was placed for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.special import ndtri
from torch import Tensor

__all__ = ["HalfNormalFit", "HalfNormalTally", "half_normal_fit"]

_BINS = 2000  # of the half-normal's probability: the distance is exact to 1/2000


@dataclass(frozen=True)
class HalfNormalFit:
    """How far x is from the assumption.

    Parameters
    ----------
    distance
        Kolmogorov–Smirnov distance of the x above 0 to the half-normal, 0 to 1; 1 if there are
        none.
    at
        The t of the largest difference; 0 if there are none.
    above
        Share of x above 0; ½ is assumed.
    kurtosis
        Excess kurtosis of all x, 0 for a normal; 0 too where x is constant.
    """

    distance: float
    at: float
    above: float
    kurtosis: float

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        return dict(vars(self))


class HalfNormalTally:
    """Counts from batch to batch."""

    def __init__(self) -> None:
        self.bins = np.zeros(_BINS, np.int64)
        self.powers = np.zeros(5)

    def add(self, x: Tensor) -> None:
        """Count values of any shape."""
        wide = x.detach().flatten().double()
        positive = wide[wide > 0]
        shares = torch.erf(positive / math.sqrt(2))
        self.bins += torch.histc(shares, _BINS, 0, 1).numpy().astype(np.int64)
        self.powers += [float((wide**k).sum()) for k in range(5)]

    def fit(self) -> HalfNormalFit:
        """What the counts come to; ValueError where nothing was counted."""
        count, *sums = self.powers
        if not count:
            raise ValueError("No values were counted; give at least one.")
        positive = self.bins.sum()
        if not positive:
            return HalfNormalFit(1.0, 0.0, 0.0, _excess_kurtosis(*(one / count for one in sums)))
        edges = np.arange(1, _BINS) / _BINS
        apart = np.abs(self.bins.cumsum()[:-1] / positive - edges)
        worst = int(apart.argmax())
        return HalfNormalFit(
            float(apart[worst]),
            float(ndtri((1 + edges[worst]) / 2)),
            float(positive / count),
            _excess_kurtosis(*(one / count for one in sums)),
        )


def half_normal_fit(x: Tensor) -> HalfNormalFit:
    """The fit of values of any shape.

    Examples
    --------
    >>> fit = half_normal_fit(torch.randn(100_000, generator=torch.Generator().manual_seed(0)))
    >>> fit.distance < 0.01
    True
    """
    tally = HalfNormalTally()
    tally.add(x)
    return tally.fit()


def _excess_kurtosis(first: float, second: float, third: float, fourth: float) -> float:
    """From the first four moments about 0."""
    variance = second - first**2
    if variance <= 1e-12 * max(second, 1e-300):
        return 0.0
    about_mean = fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4
    return about_mean / variance**2 - 3
