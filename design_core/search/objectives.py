"""Objectives: what a search maximizes, as whole-number tables of local terms.

Every local score is the mean over the kernel's cells of a term in the 2×2 block (a, b, c, d) that
starts there, and every term is an expectation over the 16 bit patterns of that block::

    total variation            ½ (|a−b| + |c−d| + |a−c| + |b−d|)      (each pair is in two blocks)
    isotropic total variation  √((a−b)² + (a−c)²)
    information                −¼ Σ P log2 P, bits per pixel

The correlation of the bits with x is no such mean, but a function of two: the mean density and the
mean of E[x · bit]. The reconstruction PSNR couples all cells (`design_core.search.windows`).

All terms become whole numbers, so that sums do not depend on their order and equal scores are seen
to be equal. The total variations of counted tables are whole numbers (or whole multiples of 1 and
√2); all other terms are rounded to multiples of 2⁻⁴⁰, and scores within 2⁻³² count as equal.

The authors' own script (`repository` in `design_core.scores`) pairs unrelated pixels: what it
measures is no property of neighbours, and no search here offers it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.search.tables import PATTERNS, BlockTables

__all__ = ["QUANTUM", "TERMS", "LocalScore", "Objective", "local_score"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

#: What terms that are no whole numbers are rounded to.
QUANTUM = 2.0**-40

_TOLERANCE = 2**8  # in quanta: the rounding of up to 256 terms

# Numerator and denominator of √2. The numerator is odd and larger than any count of blocks in use,
# so that A + B·√2 for different whole A, B never coincide.
_ROOT_DENOMINATOR = 2**31
_ROOT_NUMERATOR = 3_037_000_499

#: What can be maximized, by name: unit, and one line for people.
TERMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "tv": ("flips per pixel", "total variation, mean |dx| + mean |dy|"),
        "tv-isotropic": ("flips per pixel", "total variation, mean √(dx² + dy²)"),
        "information": ("bits per pixel", "entropy of 2×2 blocks of bits, given their place"),
        "correlation": ("", "Pearson correlation of the output with x"),
        "psnr": ("dB", "of x against the local average of the bits, 5×5, fitted by a line"),
    }
)


@dataclass(frozen=True)
class Objective:
    """A weighted sum of `TERMS`.

    Parameters
    ----------
    weights
        Pairs (name, weight), no name twice.

    Raises
    ------
    ValueError
        Unknown, repeated or no names, or weights that are not finite.

    Examples
    --------
    >>> Objective.parse("tv + 0.5*information").weights
    (('tv', 1.0), ('information', 0.5))
    """

    weights: tuple[tuple[str, float], ...]

    def __post_init__(self) -> None:
        names = [name for name, _ in self.weights]
        for name in names:
            if name not in TERMS:
                raise ValueError(f"Unknown objective {name!r}; choose from {', '.join(TERMS)}.")
        if not names or len(set(names)) < len(names):
            raise ValueError("An objective is made of different terms, each named once.")
        if not all(math.isfinite(weight) for _, weight in self.weights):
            raise ValueError("The weights of an objective must be finite numbers.")

    @classmethod
    def parse(cls, text: str) -> Objective:
        """Read ``"tv"`` or ``"tv + 0.5*information"``; a weight may be negative: ``"+ -1*tv"``.

        Raises
        ------
        ValueError
            A weight that is no number, or anything the constructor refuses.
        """
        weights = []
        for term in text.split("+"):
            factor, star, name = term.strip().rpartition("*")
            try:
                weights.append((name.strip(), float(factor) if star else 1.0))
            except ValueError as error:
                raise ValueError(
                    f"An objective is written as 'tv' or 'tv + 0.5*information'; got {text!r}."
                ) from error
        return cls(tuple(weights))

    def __str__(self) -> str:
        terms = (name if weight == 1 else f"{weight:g}*{name}" for name, weight in self.weights)
        return " + ".join(terms)

    @property
    def local(self) -> bool:
        """Whether the score is a mean of local terms, which exact searches of any size need."""
        return all(name in _TERM_SCORES for name, _ in self.weights)

    def weight(self, name: str) -> float:
        """The weight of a term, 0 where it does not occur."""
        return dict(self.weights).get(name, 0.0)


@dataclass(frozen=True, eq=False)
class LocalScore:
    """A score as whole numbers: the mean of ``table[a, b, c, d] / denominator`` over the cells.

    Attributes
    ----------
    table
        int64, shape (N, N, N, N), read-only.
    denominator
        What one unit of the table is a fraction of.
    tolerance
        Sums of terms that differ by no more count as equal; 0 for whole-number scores.
    """

    table: Integers
    denominator: int
    tolerance: int = 0

    def __post_init__(self) -> None:
        self.table.setflags(write=False)

    @property
    def n_levels(self) -> int:
        """N."""
        return int(self.table.shape[0])

    def sums(self, ranks: NDArray[Any]) -> Integers:
        """Sum of the terms of kernels given by level ranks, shape (..., d1, d2), as int64 (...)."""
        right = np.roll(ranks, -1, axis=-1)
        below = np.roll(ranks, -1, axis=-2)
        terms = self.table[ranks, right, below, np.roll(right, -1, axis=-2)]
        return np.asarray(terms.sum(axis=(-2, -1)))

    def scores(self, ranks: NDArray[Any]) -> Floats:
        """Scores of kernels given by level ranks, shape (..., d1, d2), as float64 (...)."""
        return np.asarray(self.sums(ranks) / (self.denominator * ranks.shape[-1] * ranks.shape[-2]))

    def negated(self) -> LocalScore:
        """The score whose maximum is this one's minimum."""
        return replace(self, table=-self.table)

    def transposed(self) -> LocalScore:
        """The score of the transposed kernel."""
        return replace(self, table=np.ascontiguousarray(self.table.transpose(0, 2, 1, 3)))

    def restricted(self, keep: NDArray[Any]) -> LocalScore:
        """The same score for some of the level ranks."""
        return replace(self, table=self.table[np.ix_(keep, keep, keep, keep)])

    def with_cell_term(self, term: Floats) -> LocalScore:
        """The score plus a term of each cell's own level, shape (N,); rounded."""
        return _rounded(self.table / self.denominator + term[:, None, None, None])

    def stacked(self, places: Integers) -> LocalScore:
        """The mean score over slices in which rank r stands as ``places[slice, r]``."""
        if len(places) == 1:
            return self.restricted(places[0])
        tables = [self.restricted(slice_ranks).table for slice_ranks in places]
        if len(places) * int(np.abs(self.table).max()) * 2**6 >= 2**63:  # 64 cells could overflow
            return _rounded(np.mean(tables, axis=0) / self.denominator)
        tolerance = self.tolerance * len(places)
        return LocalScore(np.sum(tables, axis=0), self.denominator * len(places), tolerance)


def local_score(objective: Objective, tables: BlockTables) -> LocalScore:
    """The local part of an objective: all terms but the correlation and the PSNR.

    Whole-number tables are kept exact when the objective is one total variation with weight 1.
    """
    terms = [(name, weight) for name, weight in objective.weights if name in _TERM_SCORES]
    if len(terms) == 1 and terms[0][1] == 1:
        return _TERM_SCORES[terms[0][0]](tables)
    combined = np.zeros((len(tables.levels),) * 4)
    for name, weight in terms:
        score = _TERM_SCORES[name](tables)
        combined += weight * (score.table / score.denominator)
    return _rounded(combined)


def _differences(tables: BlockTables) -> tuple[NDArray[Any], ...]:
    """|a−b|, |c−d|, |a−c|, |b−d| of the outputs, each broadcastable to (N, N, N, N, 16)."""
    if tables.form != "reconstruction":
        outputs: list[NDArray[Any]] = [PATTERNS[:, position] for position in range(4)]
    else:
        outputs = []
        whole = tables.exact and (tables.values == np.rint(tables.values)).all()
        values = tables.values.astype(np.int64) if whole else tables.values
        for position in range(4):
            shape = [1, 1, 1, 1, 1]
            shape[position] = -1
            outputs.append(values.reshape(shape) * PATTERNS[:, position])
    a, b, c, d = outputs
    return np.abs(a - b), np.abs(c - d), np.abs(a - c), np.abs(b - d)


def _tv(tables: BlockTables) -> LocalScore:
    upper, lower, left, right = _differences(tables)
    return _expected(tables, upper + lower + left + right, 2)


def _tv_isotropic(tables: BlockTables) -> LocalScore:
    dx, _, dy, _ = _differences(tables)
    if tables.form == "reconstruction" or not tables.exact:
        return _expected(tables, np.hypot(dx, dy), 1)
    one = tables.patterns @ (dx != dy).astype(np.int64)
    both = tables.patterns @ (dx & dy)
    table = one * _ROOT_DENOMINATOR + both * _ROOT_NUMERATOR
    if int(one.max() + both.max()) * 2**6 > 2**31:  # beyond, 64 cells could overflow int64
        return _rounded(table / (tables.total * _ROOT_DENOMINATOR))
    return LocalScore(table, tables.total * _ROOT_DENOMINATOR)


def _information(tables: BlockTables) -> LocalScore:
    share = tables.patterns / tables.total
    logarithm = np.log2(share, out=np.zeros_like(share), where=share > 0)
    return _rounded(-(share * logarithm).sum(axis=-1) / 4)


_TERM_SCORES = {"tv": _tv, "tv-isotropic": _tv_isotropic, "information": _information}


def _expected(tables: BlockTables, cost: NDArray[Any], divisor: int) -> LocalScore:
    """Expectation of cost / divisor over the patterns; exact where counts and costs are whole."""
    table = (tables.patterns * cost).sum(axis=-1)
    if table.dtype.kind != "i":
        return _rounded(table / (tables.total * divisor))
    denominator = tables.total * divisor
    common = math.gcd(denominator, int(np.gcd.reduce(table, axis=None)))
    return LocalScore(table // common, denominator // common)


def _rounded(table: Floats) -> LocalScore:
    return LocalScore(np.rint(table / QUANTUM).astype(np.int64), round(1 / QUANTUM), _TOLERANCE)
