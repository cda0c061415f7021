"""What a kernel must satisfy to take part in a search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.search.symmetry import REFLECTIONS

__all__ = ["Constraints"]

_SLACK = 1e-12  # a range given as 0.5:0.5 means what it says in spite of rounding


@dataclass(frozen=True)
class Constraints:
    """Limits on kernels; what is None limits nothing.

    Parameters
    ----------
    density
        Lowest and highest activation density: P(bit = 1) on average over the cells.
    levels
        The levels that may occur.
    max_distinct
        How many different levels may occur at most.
    balance
        Largest magnitude of the mean threshold: 0 asks for thresholds balanced about zero, which
        needs levels below zero.
    symmetry
        A name of `REFLECTIONS` other than the identity: that rearrangement leaves the kernel as
        it is.

    Raises
    ------
    ValueError
        Ranges that are empty, numbers out of range, or an unknown symmetry.
    """

    density: tuple[float, float] | None = None
    levels: tuple[int, ...] | None = None
    max_distinct: int | None = None
    balance: float | None = None
    symmetry: str | None = None

    def __post_init__(self) -> None:
        if self.density is not None and not 0 <= self.density[0] <= self.density[1] <= 1:
            raise ValueError(
                "A density range runs from low to high within 0 to 1; got "
                f"{self.density[0]:g}:{self.density[1]:g}."
            )
        if self.max_distinct is not None and self.max_distinct < 1:
            raise ValueError(f"A kernel has at least one level; got {self.max_distinct}.")
        if self.balance is not None and not self.balance >= 0:
            raise ValueError(f"A balance is a magnitude, 0 or more; got {self.balance}.")
        known = [name for name in REFLECTIONS if name != "identity"]
        if self.symmetry is not None and self.symmetry not in known:
            raise ValueError(
                f"Unknown symmetry {self.symmetry!r}; choose one of {', '.join(known)}."
            )

    @property
    def by_cell(self) -> bool:
        """Whether something other than levels and symmetry must be checked kernel by kernel."""
        return (self.density, self.max_distinct, self.balance) != (None, None, None)

    def admits(
        self, ranks: NDArray[Any], density: NDArray[np.float64], values: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Which kernels satisfy density, number of distinct levels and balance.

        Parameters
        ----------
        ranks
            Level ranks, shape (n, cells).
        density, values
            P(bit = 1) and threshold of each level, shape (N,).

        Returns
        -------
        bool array of shape (n,)
        """
        return np.equal(self.violation(ranks, density, values), 0)

    def violation(
        self, ranks: NDArray[Any], density: NDArray[np.float64], values: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """How far kernels are from satisfying them: 0 where they do. Arguments as in `admits`."""
        excess = np.zeros(len(ranks))
        if self.density is not None:
            mean = density[ranks].mean(axis=1)
            excess += _beyond(self.density[0] - mean) + _beyond(mean - self.density[1])
        if self.max_distinct is not None:
            used = np.bitwise_or.reduce(np.left_shift(1, ranks.astype(np.int64)), axis=1)
            excess += np.maximum(np.bitwise_count(used).astype(np.int64) - self.max_distinct, 0)
        if self.balance is not None:
            excess += _beyond(np.abs(values[ranks].mean(axis=1)) - self.balance)
        return excess

    def cell_orbits(self, shape: tuple[int, int]) -> NDArray[np.int64]:
        """Cells that must hold the same level share a number; the numbers are 0, 1, 2, …

        Returns
        -------
        int64 array of shape (d1·d2,)

        Raises
        ------
        ValueError
            The symmetry exchanges rows and columns, and the kernel is not square.
        """
        cells = np.arange(shape[0] * shape[1])
        if self.symmetry is None:
            return cells
        laid = REFLECTIONS[self.symmetry](cells.reshape(shape))
        if laid.shape != shape:
            raise ValueError(
                f"Symmetry {self.symmetry!r} needs a square kernel; got {shape[0]}×{shape[1]}."
            )
        step = laid.ravel()
        lowest, reached = cells.copy(), step
        while (reached != cells).any():
            lowest = np.minimum(lowest, reached)
            reached = step[reached]
        return np.asarray(np.unique(lowest, return_inverse=True)[1], dtype=np.int64)


def _beyond(excess: NDArray[np.float64]) -> NDArray[np.float64]:
    """The positive part; what rounding alone can make counts as nothing."""
    return np.where(excess > _SLACK, excess, 0.0)
