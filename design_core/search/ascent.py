"""Kernels that cannot be searched exactly: coordinate ascent with restarts.

Ascent changes one free cell at a time (under limits on means it also exchanges two) until no such
step helps; the best kernels are then shaken in a few cells and climb again. It proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.progress import Progress, StoppedError, no_progress, part_of
from design_core.search.constraints import Constraints
from design_core.search.scorer import Scorer

__all__ = ["ascend"]

_CLIMBERS = 48
_ROUNDS = 6
_MOST_EXCHANGED = 36  # cells; the pairs of more would take minutes


def ascend(
    scorer: Scorer,
    shape: tuple[int, int],
    *,
    constraints: Constraints,
    starts: Sequence[NDArray[Any]] = (),
    seed: int = 0,
    progress: Progress = no_progress,
) -> tuple[NDArray[np.uint8], int]:
    """The best kernel that ascent finds.

    Parameters
    ----------
    starts
        Level ranks of kernels to start from, beside random ones, each (d1, d2).
    seed
        Of the random starts and shakes; equal seeds give equal results.
    progress
        `StoppedError` ends the ascent with the best kernel so far.

    Returns
    -------
    Level ranks, shape (d1, d2), and the number of kernels that were scored.

    Raises
    ------
    ValueError
        No kernel was found that satisfies the constraints.
    """
    orbits = constraints.cell_orbits(shape)
    n_free = int(orbits.max()) + 1
    representative = np.unique(orbits, return_index=True)[1]
    random = np.random.default_rng(seed)
    climbers = random.integers(0, len(scorer.levels), (_CLIMBERS, n_free))
    for place, start in enumerate(starts[: _CLIMBERS // 2]):
        climbers[place] = start.ravel()[representative]
    climb = _Climb(scorer, shape, constraints, orbits)
    parts = [
        part_of(progress, k / (_ROUNDS + 1), (k + 1) / (_ROUNDS + 1)) for k in range(_ROUNDS + 1)
    ]
    with suppress(StoppedError):
        climb.to_the_top(climbers, parts[0])
        for part in parts[1:]:
            shaken = climbers.copy()
            for kernel in shaken:
                cells = random.integers(0, n_free, max(2, n_free // 8))
                kernel[cells] = random.integers(0, len(scorer.levels), cells.size)
            climb.to_the_top(shaken, part)
            both = np.concatenate([climbers, shaken])
            order = np.lexsort(tuple(-key for key in climb.keys(both)))
            # The better half, each kernel once, so that the climbers do not all become the same.
            distinct = np.unique(both, axis=0, return_index=True)[1]
            climbers = both[order[np.isin(order, distinct)][:_CLIMBERS]]
    score_key, feasible_key = climb.keys(climbers)
    best = int(np.lexsort((score_key, feasible_key))[-1])
    if feasible_key[best] < 0:
        raise ValueError(
            "No kernel was found that satisfies the constraints; widen the range of densities or "
            "allow more levels."
        )
    return climbers[best][orbits].reshape(shape).astype(np.uint8), climb.scored


class _Climb:
    """Scores of kernels given by their free numbers, and steepest steps cell by cell."""

    def __init__(
        self,
        scorer: Scorer,
        shape: tuple[int, int],
        constraints: Constraints,
        orbits: NDArray[np.int64],
    ) -> None:
        self.scorer, self.shape = scorer, shape
        self.constraints, self.orbits = constraints, orbits
        self.scored = 0

    def keys(self, free: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Score and (more important) minus the violation of the constraints, shape (n,)."""
        cells = free[:, self.orbits]
        self.scored += len(cells)
        violation = self.constraints.violation(cells, self.scorer.density, self.scorer.values)
        return self.scorer.sums(cells.reshape(-1, *self.shape)), -violation

    def to_the_top(self, climbed: NDArray[Any], progress: Progress) -> None:
        """Take single steps, in place, while any of them helps any of the kernels."""
        score, feasible = self.keys(climbed)
        improved = True
        while improved:
            improved = False
            for step in self._steps(climbed.shape[1]):
                progress(0, "Climbing")
                changed = climbed.copy()
                step(changed)
                new_score, new_feasible = self.keys(changed)
                better = (new_feasible > feasible) | (
                    (new_feasible == feasible) & (new_score > score)
                )
                if better.any():
                    improved = True
                    climbed[better] = changed[better]
                    score = np.where(better, new_score, score)
                    feasible = np.where(better, new_feasible, feasible)

    def _steps(self, n_free: int) -> Iterator[Callable[[NDArray[Any]], None]]:
        """Set a cell to a level; under limits on means exchange two cells too, which keeps them."""

        def assign(cell: int, level: int, kernels: NDArray[Any]) -> None:
            kernels[:, cell] = level

        def exchange(cells: tuple[int, int], kernels: NDArray[Any]) -> None:
            kernels[:, list(cells)] = kernels[:, [cells[1], cells[0]]]

        for cell, level in product(range(n_free), range(len(self.scorer.levels))):
            yield partial(assign, cell, level)
        if self.constraints.by_cell and n_free <= _MOST_EXCHANGED:
            for cells in combinations(range(n_free), 2):
                yield partial(exchange, cells)
