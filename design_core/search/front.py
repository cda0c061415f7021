"""Total variation against information: every kernel of a size as a point, and the best trade."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from design_core.kernels.kernel import ThresholdKernel
from design_core.search.block_tables import BlockTables
from design_core.search.landscape import list_landscape
from design_core.search.objectives import Objective
from design_core.search.scorer import Scorer

__all__ = ["Front", "front_slices", "pareto_places", "tv_information_front"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Front:
    """All kernels of a size in the plane of total variation and information.

    Attributes
    ----------
    levels
        Of every kernel, shape (kernels, d1, d2).
    tv, information, density
        Edges per pixel, bits per pixel and activation density, shape (kernels,).
    places
        The kernels that no other beats in both, by ascending total variation; of kernels that
        share both values, the first in reading order.
    tables
        What they were scored on.
    """

    levels: NDArray[np.int64]
    tv: Floats
    information: Floats
    density: Floats
    places: NDArray[np.int64]
    tables: BlockTables

    def kernel(self, place: int) -> ThresholdKernel:
        """One of the kernels."""
        return ThresholdKernel(self.levels[place], self.tables.levels, self.tables.scale)


def tv_information_front(
    tables: BlockTables, shape: tuple[int, int] = (2, 2), *, variant: str = "tv"
) -> Front:
    """Score all kernels of a size twice, and find the Pareto front.

    Parameters
    ----------
    variant
        ``tv`` or ``tv-isotropic``.

    Raises
    ------
    ValueError
        A size with more kernels than a landscape lists.
    """
    by_tv = list_landscape(Scorer.of(Objective.parse(variant), tables), shape)
    by_information = list_landscape(Scorer.of(Objective.parse("information"), tables), shape)
    ranks = by_tv.ranks(np.arange(by_tv.size))
    # Rounded to what counts as equal, so that rounding noise makes no points of the front.
    tv, information = np.round(by_tv.scores(), 9), np.round(by_information.scores(), 9)
    density = tables.density[ranks].mean(axis=(1, 2))
    places = pareto_places(tv, information)
    levels = np.array(tables.levels)[ranks]
    return Front(levels, tv, information, density, places, tables)


def pareto_places(first: Floats, second: Floats) -> NDArray[np.int64]:
    """Points that no other equals or beats in both values while beating it in one.

    Returns
    -------
    int64 array
        Indices by ascending first value; of equal points the one of lowest index.
    """
    order = np.lexsort((np.arange(len(first)), -second, -first))
    climbing = second[order]
    highest_before = np.maximum.accumulate(np.concatenate([[-np.inf], climbing[:-1]]))
    return np.asarray(order[climbing > highest_before][::-1], dtype=np.int64)


def front_slices(front: Front, n_slices: int) -> ThresholdKernel:
    """A 3D kernel whose slices share the front among them.

    The front, scaled to the unit square, is cut into `n_slices` arcs of equal length; each slice
    is the kernel of the front nearest to the middle of its arc, from much information to much
    total variation.

    Raises
    ------
    ValueError
        Fewer than one slice, or more than the front has kernels.
    """
    if not 1 <= n_slices <= len(front.places):
        raise ValueError(
            f"The front has {len(front.places)} kernels, for 1 to as many slices; got {n_slices}."
        )
    along = _arc_length(front.tv[front.places], front.information[front.places])
    middles = (np.arange(n_slices) + 0.5) / n_slices * along[-1]
    chosen: list[int] = []
    for middle in middles:
        free = [place for place in range(len(along)) if place not in chosen]
        chosen.append(min(free, key=lambda place: abs(along[place] - middle)))
    slices = [front.kernel(int(front.places[place])) for place in sorted(chosen)]
    return slices[0].stacked(*slices[1:])


def _arc_length(first: Floats, second: Floats) -> Floats:
    """Distance along the points from the first one, each coordinate scaled to its range."""
    scaled = [(values - values.min()) / (np.ptp(values) or 1.0) for values in (first, second)]
    steps = np.hypot(np.diff(scaled[0]), np.diff(scaled[1]))
    return np.concatenate([[0.0], np.cumsum(steps)])
