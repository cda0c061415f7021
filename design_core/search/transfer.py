"""Exact optima beyond listing, by the largest closed walks over the rows of a kernel.

The kernels found must have the score that the walks promise (`design_core.search.walks`) when their
cells are summed one by one: that is the certificate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from design_core.progress import Progress, no_progress, part_of
from design_core.search.compiled import VECTOR_BYTES
from design_core.search.objectives import LocalScore
from design_core.search.row_steps import row_steps
from design_core.search.symmetry import REFLECTIONS, canonical, equivalences, keeps
from design_core.search.walks import Walks

__all__ = ["CertificateError", "Optimum", "find_optimum", "is_feasible"]

Ranks = NDArray[np.uint8]

_MOST_OPERATIONS = 2e11  # on vectors of 64 bytes: a minute or two on two cores of 2026
_MOST_BYTES = 2**28  # of the tables by which kernels are traced back
_LARGEST = 2**60  # sums beyond could overflow

_COUNTING = 0.8  # the finished fraction when ties begin to be counted


class CertificateError(RuntimeError):
    """The best kernel does not have the score that is proven to be the highest: a defect."""


@dataclass(frozen=True, eq=False)
class Optimum:
    """The best kernels of a size.

    Attributes
    ----------
    kernels
        Level ranks, best first, one of each class of equivalent kernels, each (d1, d2).
    sums
        Their whole-number scores, summed cell by cell.
    ties
        How many of all N^(d1·d2) kernels have the best score; None when they were not counted, or
        are more than 10³¹.
    proven
        Whether no kernel has more than ``sums[0]``; False after a search that was stopped.
    """

    kernels: tuple[Ranks, ...]
    sums: tuple[int, ...]
    ties: int | None
    proven: bool


def is_feasible(score: LocalScore, shape: tuple[int, int]) -> bool:
    """Whether `find_optimum` takes kernels of this size, in a minute or two and 300 MB."""
    if shape[1] > shape[0]:
        return is_feasible(score.transposed(), shape[::-1])
    height, width = shape
    rows = score.n_levels**width
    if height < 2 or height * rows * VECTOR_BYTES > _MOST_BYTES:
        return False
    steps = row_steps(score, shape)
    mirrored = keeps(score, REFLECTIONS["horizontal"])
    groups = rows / (width * (2 if mirrored else 1)) / steps.lanes
    halves = height - 2 if steps.upwards is not steps else (height + 1) // 2 - 1
    return steps.largest < _LARGEST and groups * halves * steps.operations <= _MOST_OPERATIONS


def find_optimum(
    score: LocalScore,
    shape: tuple[int, int],
    *,
    top: int = 1,
    count_ties: bool = True,
    progress: Progress = no_progress,
) -> Optimum:
    """The exact best kernels of a size, for any local score.

    Parameters
    ----------
    shape
        Rows and columns, of a size that `is_feasible`.
    top
        How many classes of equivalent kernels to return.
    count_ties
        Whether to count the kernels that share the optimum.
    progress
        `StoppedError` ends the search with the best kernels so far.

    Returns
    -------
    Optimum
        Scores that are rounded (`LocalScore.tolerance`) are optimal and tied within that rounding.

    Raises
    ------
    ValueError
        A size that is out of reach.
    CertificateError
        The proof fails.
    """
    if not is_feasible(score, shape):
        raise ValueError(
            f"An exact search of {shape[0]}×{shape[1]} kernels on {score.n_levels} levels would "
            "take too long. Allow fewer levels, or search by ascent."
        )
    if shape[1] > shape[0]:
        found = find_optimum(
            score.transposed(), shape[::-1], top=top, count_ties=count_ties, progress=progress
        )
        turned = tuple(np.ascontiguousarray(kernel.T) for kernel in found.kernels)
        return replace(found, kernels=turned)
    walks = Walks(score, shape)
    largest = walks.largest(part_of(progress, 0, _COUNTING if count_ties else 1))
    promised = int(largest.max())
    proven = int(largest.min()) > np.iinfo(np.int64).min
    kernels = _best(walks, largest, equivalences(score, shape), top)
    sums = tuple(int(score.sums(kernel)) for kernel in kernels)
    if sums[0] != promised:
        raise CertificateError(
            f"No kernel should have more than {promised}, and the sum over the cells of the best "
            f"one is {sums[0]}; they should be equal. Please report this."
        )
    ties = None
    if proven and count_ties:
        ties = walks.count(largest, promised - score.tolerance, part_of(progress, _COUNTING, 1))
    return Optimum(tuple(kernels), sums, ties, proven)


def _best(
    walks: Walks, largest: NDArray[np.int64], permutations: NDArray[np.int64], top: int
) -> list[Ranks]:
    """The first `top` classes of equivalent kernels in descending order of score."""
    found: dict[bytes, tuple[int, Ranks]] = {}

    def floor() -> int | None:
        return min(weight for weight, _ in found.values()) if len(found) == top else None

    for traced in walks.in_order(largest, floor):
        name = canonical(traced.ranks.reshape(1, -1), permutations).astype(np.uint8)
        if name.tobytes() in found:
            continue
        if len(found) == top:
            del found[min(found, key=lambda known: found[known][0])]
        found[name.tobytes()] = traced.weight, name.reshape(traced.ranks.shape)
    ordered = sorted(found.values(), key=lambda pair: (-pair[0], pair[1].tobytes()))
    return [kernel for _, kernel in ordered]
