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
from fractions import Fraction
from functools import reduce
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.kernels.kernel import MAX_SIDE
from design_core.search.block_tables import PATTERNS, BlockTables

__all__ = ["QUANTUM", "TERMS", "LocalScore", "Objective", "local_score"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

#: What terms that are no whole numbers are rounded to.
QUANTUM = 2.0**-40

_TOLERANCE = 2**8  # in quanta: the rounding of up to 256 terms

_MOST_CELLS = MAX_SIDE**2
_MOST = 2**62  # of the sum over so many cells, in magnitude

# The two places of the block (a, b; c, d) that make each pair of neighbours.
_PAIRS = ((0, 1), (2, 3), (0, 2), (1, 3))

# Numerator and denominator of √2. The numerator is odd and larger than any count of blocks in use,
# so that A + B·√2 for different whole A, B never coincide.
_ROOT_DENOMINATOR = 2**31
_ROOT_NUMERATOR = 3_037_000_499

#: What can be maximized, by name: unit, and one line for people.
TERMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "tv": ("edges per pixel", "total variation, mean |dx| + mean |dy|"),
        "tv-isotropic": ("edges per pixel", "total variation, mean √(dx² + dy²)"),
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
        """The score plus a term of each cell's own level, shape (N,), which alone is rounded."""
        finer = 4 * max(1, int(1 / (QUANTUM * self.denominator)))
        denominator = self.denominator * finer
        # A quarter in each place of the block, so that the table keeps its symmetries.
        quarter = np.rint(term * denominator / 4).astype(np.int64)
        table = self.table * finer
        for place in range(4):
            table += quarter.reshape([-1 if axis == place else 1 for axis in range(4)])
        return LocalScore(table, denominator, 4 * max(_TOLERANCE, self.tolerance))

    def stacked(self, places: Integers) -> LocalScore:
        """The mean score over slices in which rank r stands as ``places[slice, r]``."""
        if len(places) == 1:
            return self.restricted(places[0])
        tables = [self.restricted(slice_ranks).table for slice_ranks in places]
        if len(places) * int(np.abs(self.table).max()) * _MOST_CELLS > _MOST:
            return _rounded(np.mean(tables, axis=0) / self.denominator)
        tolerance = self.tolerance * len(places)
        return LocalScore(np.sum(tables, axis=0), self.denominator * len(places), tolerance)


def local_score(objective: Objective, tables: BlockTables) -> LocalScore:
    """The local part of an objective: all terms but the correlation and the PSNR.

    Whole-number tables are kept exact when the objective is one total variation.
    """
    terms = [(name, weight) for name, weight in objective.weights if name in _TERM_SCORES]
    if len(terms) == 1 and (exact := _weighted(_TERM_SCORES[terms[0][0]](tables), terms[0][1])):
        return exact
    combined = np.zeros((len(tables.levels),) * 4)
    for name, weight in terms:
        score = _TERM_SCORES[name](tables)
        combined += weight * (score.table / score.denominator)
    return _rounded(combined)


def _weighted(score: LocalScore, weight: float) -> LocalScore | None:
    """The score times a decimal fraction, exactly; None where its sums could overflow."""
    factor = Fraction(str(weight))
    if int(np.abs(score.table).max()) * abs(factor.numerator) * _MOST_CELLS > _MOST:
        return None
    return LocalScore(
        score.table * factor.numerator,
        score.denominator * factor.denominator,
        score.tolerance * max(1, abs(factor.numerator)),
    )


def _outputs(tables: BlockTables, place: int) -> NDArray[Any]:
    """Output of a pixel by its level and the pattern, (N, 16); bits do not depend on levels."""
    bits = PATTERNS[None, :, place]
    if tables.form != "reconstruction":
        return bits
    whole = tables.exact and (tables.values == np.rint(tables.values)).all()
    values = tables.values.astype(np.int64) if whole else tables.values
    return np.asarray(values[:, None] * bits)


def _tv(tables: BlockTables) -> LocalScore:
    """Four terms of two neighbours each, and exactly so: rounded, if at all, one by one."""
    pairs = [_pair_tv(tables, first, second) for first, second in _PAIRS]
    denominator = 2 * tables.total  # each pair of neighbours is in two blocks
    if any(pair.dtype.kind != "i" for pair in pairs):
        rounded = [np.rint(pair / denominator / QUANTUM).astype(np.int64) for pair in pairs]
        return LocalScore(reduce(np.add, rounded), round(1 / QUANTUM), _TOLERANCE)
    table = reduce(np.add, pairs)
    common = math.gcd(denominator, int(np.gcd.reduce(table, axis=None)))
    return LocalScore(table // common, denominator // common)


def _pair_tv(tables: BlockTables, first: int, second: int) -> NDArray[Any]:
    """Summed difference of two pixels of the block, of a shape that broadcasts to (N, N, N, N)."""
    other = tuple(slice(None) if place in (first, second) else 0 for place in range(4))
    outputs = _outputs(tables, first)[:, None], _outputs(tables, second)[None]
    differences = (tables.patterns[other] * np.abs(outputs[0] - outputs[1])).sum(axis=-1)
    shape = [len(tables.levels) if place in (first, second) else 1 for place in range(4)]
    return np.asarray(differences.reshape(shape))


def _tv_isotropic(tables: BlockTables) -> LocalScore:
    if tables.form == "reconstruction" or not tables.exact:
        a, b, c = (_outputs(tables, place) for place in range(3))
        dx, dy = np.abs(a[:, None] - b)[:, :, None, None], np.abs(a[:, None] - c)[:, None, :, None]
        return _rounded((tables.patterns * np.hypot(dx, dy)).sum(axis=-1) / tables.total)
    dx, dy = (PATTERNS[:, 0] ^ PATTERNS[:, place] for place in (1, 2))
    one, both = tables.patterns @ (dx ^ dy), tables.patterns @ (dx & dy)
    common = math.gcd(tables.total, int(np.gcd.reduce([one, both], axis=None)))
    one, both, total = one // common, both // common, tables.total // common
    table = one * _ROOT_DENOMINATOR + both * _ROOT_NUMERATOR
    if total * _MOST_CELLS >= _ROOT_NUMERATOR:  # sums could coincide, or overflow
        return _rounded(table / (total * _ROOT_DENOMINATOR))
    return LocalScore(table, total * _ROOT_DENOMINATOR)


def _information(tables: BlockTables) -> LocalScore:
    share = tables.patterns / tables.total
    logarithm = np.log2(share, out=np.zeros_like(share), where=share > 0)
    return _rounded(-(share * logarithm).sum(axis=-1) / 4)


_TERM_SCORES = {"tv": _tv, "tv-isotropic": _tv_isotropic, "information": _information}


def _rounded(table: Floats) -> LocalScore:
    return LocalScore(np.rint(table / QUANTUM).astype(np.int64), round(1 / QUANTUM), _TOLERANCE)
