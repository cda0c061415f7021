"""Scores of kernels of one slice or several, as whole numbers: an objective on given tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.search.block_tables import BlockTables
from design_core.search.objectives import QUANTUM, LocalScore, Objective, local_score
from design_core.search.symmetry import equivalences, shifts
from design_core.search.windows import WindowTables

__all__ = ["SLICE_RULES", "Scorer", "slice_places"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

#: How the further slices of a 3D kernel follow from its first one.
SLICE_RULES = {
    "shift": "each slice one level further up the cyclic list of levels",
    "complement": "two slices: the first, and its complement (lowest level for highest, …)",
}


@dataclass(frozen=True, eq=False)
class Scorer:
    """Scores of kernels given by level ranks.

    Attributes
    ----------
    objective
        What is scored.
    levels
        The N levels that ranks count.
    local
        The local part of the objective; its sums are the kernel's unless a correlation takes part.
    values, density, partial_mean
        Of each level, shape (N,), see `BlockTables`; means over the slices.
    mean, variance
        Of x.
    places
        Rank in each slice of each level, shape (s, N), in the window tables.
    window
        For the reconstruction PSNR, see `WindowTables`.
    """

    objective: Objective
    levels: tuple[int, ...]
    local: LocalScore
    values: Floats
    density: Floats
    partial_mean: Floats
    mean: float
    variance: float
    places: Integers
    window: WindowTables | None

    @classmethod
    def of(
        cls, objective: Objective, tables: BlockTables, *, slices: Integers | None = None
    ) -> Scorer:
        """Prepare an objective.

        Parameters
        ----------
        slices
            For kernels of several slices that follow from the first, see `slice_places`; scores
            are then means over the slices, for a map in each.

        Raises
        ------
        ValueError
            A correlation or PSNR of the form ``reconstruction``: both are defined for bits; or a
            PSNR on tables without what it needs.
        """
        if tables.form == "reconstruction" and not objective.local:
            raise ValueError(
                "Correlation and PSNR compare bits with x; choose the form signed or relu for them."
            )
        if objective.weight("psnr") and tables.window is None:
            raise ValueError("The PSNR needs tables that are estimated with window=True.")
        places = slice_places(len(tables.levels)) if slices is None else slices
        return cls(
            objective,
            tables.levels,
            local_score(objective, tables).stacked(places),
            tables.values[places].mean(axis=0),
            tables.density[places].mean(axis=0),
            tables.partial_mean[places].mean(axis=0),
            tables.mean,
            tables.variance,
            places,
            tables.window,
        )

    @property
    def is_local(self) -> bool:
        """Whether every score is a mean of local terms."""
        return self.objective.local

    @property
    def tolerance(self) -> int:
        """Sums that differ by no more count as equal."""
        return self.local.tolerance if self.is_local else 2**8

    def unit(self, shape: tuple[int, int]) -> float:
        """What one unit of `sums` is worth in the score."""
        return 1 / (self.local.denominator * shape[0] * shape[1]) if self.is_local else QUANTUM

    def restricted(self, levels: tuple[int, ...]) -> Scorer:
        """The same for some of the levels.

        Raises
        ------
        ValueError
            A level that there is not, or none at all.
        """
        strangers = [level for level in levels if level not in self.levels]
        if strangers or not levels:
            got = ", ".join(map(str, levels)) or "none"
            raise ValueError(f"Levels are chosen from {self.levels}; got {got}.")
        chosen = tuple(sorted(set(levels)))
        keep = np.array([self.levels.index(level) for level in chosen])
        return replace(
            self,
            levels=chosen,
            local=self.local.restricted(keep),
            values=self.values[keep],
            density=self.density[keep],
            partial_mean=self.partial_mean[keep],
            places=self.places[:, keep],
        )

    def equivalences(self, shape: tuple[int, int]) -> Integers:
        """Rearrangements of a kernel's cells that keep every score, see `equivalences`."""
        if self.is_local:
            return equivalences(self.local, shape)
        # Correlation and PSNR: the shifts are what is left for sure.
        return shifts(shape)

    def sums(self, ranks: NDArray[Any]) -> Integers:
        """Whole-number scores of kernels of level ranks, shape (..., d1, d2)."""
        if self.is_local:
            return self.local.sums(ranks)
        density = self.density[ranks].mean(axis=(-2, -1))
        partial = self.partial_mean[ranks].mean(axis=(-2, -1))
        others = self.local.scores(ranks)
        if (weight := self.objective.weight("psnr")) and self.window is not None:
            slices = [self.window.psnr(of_slice[ranks]) for of_slice in self.places]
            others = others + weight * np.mean(slices, axis=0)
        return self.with_correlation(others, density, partial)

    def scores(self, ranks: NDArray[Any]) -> Floats:
        """Scores of kernels of level ranks, shape (..., d1, d2)."""
        return np.asarray(self.sums(ranks) * self.unit((ranks.shape[-2], ranks.shape[-1])))

    def with_correlation(
        self, local: NDArray[Any], density: NDArray[Any], partial: NDArray[Any]
    ) -> Integers:
        """Add the correlation to local scores, and round to whole quanta.

        `density` and `partial` are means over the cells of P(x ≥ t) and E[x·(x ≥ t)]: the bits
        have variance density·(1 − density), and covariance partial − density·mean with x.
        """
        spread = np.sqrt(np.maximum(density * (1 - density), 0) * self.variance)
        covariance = partial - density * self.mean
        constant = spread < 1e-9  # bits that never change: 0, as in design_core.scores
        value = np.where(constant, 0, covariance / np.where(constant, 1, spread))
        score = local + self.objective.weight("correlation") * value
        return np.rint(score / QUANTUM).astype(np.int64)


def slice_places(n_levels: int, rule: str | None = None, n_slices: int = 1) -> Integers:
    """What rank each slice puts in the place of the first slice's rank, shape (s, N).

    Parameters
    ----------
    rule
        One of `SLICE_RULES`, or None for a single slice.

    Raises
    ------
    ValueError
        Unknown rule, or a number of slices that it does not make.
    """
    first = np.arange(n_levels)
    if rule is None and n_slices == 1:
        return first[None]
    if rule == "shift" and n_slices >= 1:
        return np.stack([(first + step) % n_levels for step in range(n_slices)])
    if rule == "complement" and n_slices == 2:
        return np.stack([first, first[::-1]])
    raise ValueError(
        f"Slices follow by 'shift', or two by 'complement'; got {n_slices} by {rule!r}."
    )
