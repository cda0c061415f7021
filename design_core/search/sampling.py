"""Where a kernel stands among random ones, for sizes whose kernels are too many to list."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from design_core.search.front import Front
from design_core.search.scorer import Scorer

__all__ = ["PlanePoints", "SampledScores", "plane_points", "sample_scores"]

_CHUNK = 2**20  # cells scored at a time


@dataclass(frozen=True, eq=False)
class SampledScores:
    """Scores of kernels with independent, equally likely levels.

    Attributes
    ----------
    ordered
        Ascending, shape (n,).
    """

    ordered: NDArray[np.float64]

    def share_below(self, score: float) -> float:
        """The share of the sampled kernels that score less."""
        return float(np.searchsorted(self.ordered, score - 1e-9)) / self.ordered.size

    def histogram(self, bins: int = 100) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Counts of shape (bins,), and the edges of shape (bins + 1,)."""
        counts, edges = np.histogram(self.ordered, bins)
        return counts.astype(np.int64), edges.astype(np.float64)


def sample_scores(
    scorer: Scorer, shape: tuple[int, int], *, count: int = 20_000, seed: int = 0
) -> SampledScores:
    """Score random kernels of one slice.

    Parameters
    ----------
    shape
        Rows and columns.
    count, seed
        How many kernels, and which.
    """
    random = np.random.default_rng(seed)
    at_once = max(1, _CHUNK // (shape[0] * shape[1]))
    parts = []
    for start in range(0, count, at_once):
        here = min(at_once, count - start)
        parts.append(scorer.scores(random.integers(0, len(scorer.levels), (here, *shape))))
    return SampledScores(np.sort(np.concatenate(parts)))


@dataclass(frozen=True, eq=False)
class PlanePoints:
    """The distinct points of a `Front`'s kernels.

    Attributes
    ----------
    tv, information, density
        float32, shape (points,); the density is that of the first kernel of each point.
    place
        The first kernel of each point, a place in the front.
    count
        How many kernels share the point.
    """

    tv: NDArray[np.float32]
    information: NDArray[np.float32]
    density: NDArray[np.float32]
    place: NDArray[np.int64]
    count: NDArray[np.int64]


def plane_points(front: Front) -> PlanePoints:
    """Each point of the plane of total variation and information once."""
    both = np.stack([front.tv, front.information], axis=1)
    _, place, count = np.unique(both, axis=0, return_index=True, return_counts=True)
    columns = (front.tv, front.information, front.density)
    tv, information, density = (column[place].astype(np.float32) for column in columns)
    return PlanePoints(tv, information, density, place.astype(np.int64), count.astype(np.int64))
