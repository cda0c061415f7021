"""How the values of a pre-activation are spread: a normal model, or real maps.

A batch-norm output has mean 0 and variance 1. Taken as normal, its magnitude is half-normal, which
is what the scales `published` and `lloyd-max` are made for; real maps show how far that holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

__all__ = ["Distribution", "maps_distribution", "normal_distribution"]

Floats = NDArray[np.float64]

#: Densities are given from −RANGE to RANGE standard deviations.
RANGE = 4.0


@dataclass(frozen=True, eq=False)
class Distribution:
    """The distribution of a pre-activation x.

    Parameters
    ----------
    title
        What x is, for people.
    centres, density
        Probability per unit of x at ascending places, each of shape (n,).
    ordered
        All values ascending, float32; None for the standard normal.
    """

    title: str
    centres: Floats
    density: Floats
    ordered: NDArray[np.float32] | None = None

    def exceeds(self, thresholds: ArrayLike) -> Floats:
        """P(x ≥ T) for each threshold, the shape of `thresholds`.

        On maps T is rounded to float32 as in `binarize`, so that ties count as they do there.
        """
        if self.ordered is None:
            return np.asarray(ndtr(-np.asarray(thresholds, dtype=np.float64)))
        below = np.searchsorted(self.ordered, np.asarray(thresholds, dtype=np.float32))
        return np.asarray(1 - below / self.ordered.size)


def normal_distribution() -> Distribution:
    """The standard normal.

    Examples
    --------
    >>> normal_distribution().exceeds([0.0, 0.6310055699305364]).round(3).tolist()
    [0.5, 0.264]
    """
    places = np.linspace(-RANGE, RANGE, 161)
    density = np.exp(-(places**2) / 2) / np.sqrt(2 * np.pi)
    return Distribution("a standard normal x", places, density)


def maps_distribution(
    x: NDArray[np.floating[Any]], *, title: str = "maps", bins: int = 80
) -> Distribution:
    """The distribution of real pre-activations.

    Parameters
    ----------
    x
        Values of any shape, finite. What lies beyond ±`RANGE` counts in the outermost bins.

    Raises
    ------
    ValueError
        No values, or values that are not finite.
    """
    ordered = np.sort(np.asarray(x, dtype=np.float32).ravel())
    if ordered.size == 0 or not np.isfinite(ordered[[0, -1]]).all():
        raise ValueError("A distribution needs finite values, at least one.")
    edges = np.linspace(-RANGE, RANGE, bins + 1)
    counts, _ = np.histogram(np.clip(ordered, -RANGE, RANGE), edges)
    density = counts / (ordered.size * (edges[1] - edges[0]))
    return Distribution(title, (edges[:-1] + edges[1:]) / 2, density, ordered)
