"""From the rows of a kernel to the rows below them: the largest weights of walks over rows.

A kernel is a closed walk over rows, and its score the sum of the weights of the steps. Where every
term of the score is one of two neighbours (the total variation), a step from and to all N^width
rows takes width · N^(width + 1) operations; where terms are of 2×2 blocks, about N^(width + 3) for
each cell but two. As a table of weights, it would have N^(2·width) entries.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.search import compiled
from design_core.search.landscape import all_rows
from design_core.search.objectives import LocalScore

__all__ = ["BlockSteps", "Front", "PairSteps", "RowSteps", "pair_terms", "row_steps"]

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Front:
    """Walks that have come some way.

    Attributes
    ----------
    best
        Largest weight of a walk from each start (one a lane) to every row, (N^width, lanes).
    tally
        How many walks have that weight: modulo 2⁶⁴, and rounded; None where nobody counts.
    """

    best: NDArray[Any]
    tally: tuple[NDArray[np.uint64], NDArray[np.float64]] | None = None

    def counted(self) -> Front:
        """The same with one walk to every row."""
        shape = self.best.shape
        return Front(self.best, (np.ones(shape, np.uint64), np.ones(shape)))

    def copy(self) -> Front:
        """One that can be overwritten."""
        tally = self.tally and (self.tally[0].copy(), self.tally[1].copy())
        return Front(self.best.copy(), tally)

    def of(self, best: NDArray[Any]) -> Front:
        """Other weights, with a tally of nothing if this one has a tally."""
        tally = self.tally and (np.zeros(best.shape, np.uint64), np.zeros(best.shape))
        return Front(best, tally)


class RowSteps(ABC):
    """Steps from row to row under a score.

    Parameters
    ----------
    terms
        Term of the block (a, b; c, d) between a row and the row below, (N, N, N, N).
    width
        Cells in a row.
    largest
        No sum of the terms of a kernel is larger in magnitude.
    slack
        Weights that differ by no more count as equal.

    Attributes
    ----------
    lanes
        How many starts are walked from at once.
    """

    def __init__(self, terms: Integers, width: int, *, largest: int, slack: int) -> None:
        self.n_levels, self.width = len(terms), width
        self.largest, self.slack = largest, slack
        self.dtype: Any = np.int32 if largest < 2**28 else np.int64
        self.lanes = compiled.VECTOR_BYTES // np.dtype(self.dtype).itemsize
        self._terms = np.ascontiguousarray(terms, dtype=self.dtype)

    @cached_property
    def rows(self) -> NDArray[np.uint8]:
        """Every row, (N^width, width), in reading order."""
        return all_rows(self.n_levels, self.width)

    def begin(self, starts: NDArray[np.uint8]) -> Front:
        """One step from each of `lanes` starts, level ranks of shape (lanes, width)."""
        return Front(compiled.begin(starts, self._terms))

    def weights_to(self, below: NDArray[np.uint8]) -> NDArray[Any]:
        """Weights of the steps from every row to one row, (N^width,)."""
        return compiled.weights_to(self.rows, below, self._terms)

    @abstractmethod
    def advance(self, front: Front) -> Front:
        """One step more; the front that is given is used up."""

    @property
    @abstractmethod
    def operations(self) -> int:
        """How often `advance` adds and compares vectors, about."""

    @property
    @abstractmethod
    def upwards(self) -> RowSteps:
        """Steps from a row to the row above it; the same object where up is like down."""

    @property
    @abstractmethod
    def twice(self) -> NDArray[Any]:
        """What both of two walks count that meet at a row, one down and one up, (N^width,)."""


class PairSteps(RowSteps):
    """Steps where all terms are of two neighbours.

    Parameters
    ----------
    across, down
        Term of a cell and its right neighbour, and of a cell and the one below, (N, N).
    """

    def __init__(
        self, across: Integers, down: Integers, shape: tuple[int, int], *, slack: int
    ) -> None:
        self._across, self._down, self._shape = across, down, shape
        largest = (int(np.abs(across).max()) + int(np.abs(down).max())) * shape[0] * shape[1]
        # A step has the neighbours within the row below, and those one above the other.
        terms = down[:, None, :, None] + across + np.zeros((len(down),) * 4, dtype=np.int64)
        super().__init__(terms, shape[1], largest=largest, slack=slack)
        n, loop = self.n_levels, across.diagonal() if shape[1] == 1 else 0
        middle = across[:, None, :] + down
        last = middle[:, None] + across.T[:, None, :]
        self._weights = (
            np.ascontiguousarray((down + loop)[None], dtype=self.dtype),
            np.ascontiguousarray(middle, dtype=self.dtype),
            np.ascontiguousarray(last.reshape(n * n, n, n), dtype=self.dtype),
        )

    def advance(self, front: Front) -> Front:
        compiled.pair_row(
            front.best, front.tally, self.n_levels, self.width, self._weights, self.slack
        )
        return front

    @property
    def operations(self) -> int:
        return int(self.width * self.n_levels ** (self.width + 1))

    @cached_property
    def upwards(self) -> RowSteps:
        if (self._down == self._down.T).all():
            return self
        return PairSteps(self._across, self._down.T, self._shape, slack=self.slack)

    @cached_property
    def twice(self) -> NDArray[Any]:
        right = np.roll(self.rows, -1, axis=1)
        return np.asarray(self._across[self.rows, right].sum(axis=1), dtype=self.dtype)


class BlockSteps(RowSteps):
    """Steps where terms are of blocks of 2×2, for rows of at least two cells.

    Parameters
    ----------
    table
        As in `LocalScore`, (N, N, N, N).
    closed
        Whether the last column stands beside the first; otherwise rows are cut out of wider ones.
    """

    def __init__(
        self, table: Integers, shape: tuple[int, int], *, slack: int, closed: bool = True
    ) -> None:
        self._table, self._shape, self._closed = table, shape, closed
        largest = int(np.abs(table).max()) * shape[0] * shape[1]
        super().__init__(table, shape[1], largest=largest, slack=slack)
        n = self.n_levels
        self._middle = np.ascontiguousarray(self._terms.transpose(1, 2, 0, 3).reshape(n * n, n, n))
        self._closing = self._terms if closed else np.zeros_like(self._terms)

    def advance(self, front: Front) -> Front:
        lowest = np.iinfo(self.dtype).min // 2
        reached = front.of(np.full(front.best.shape, lowest, self.dtype))
        here = front.of(np.empty_like(front.best[: len(self.rows) // self.n_levels]))
        compiled.block_row(
            front.best, front.tally, here.best, here.tally, reached.best, reached.tally,
            self.n_levels, self.width, self._terms, self._middle, self._closing, self.slack,
        )  # fmt: skip
        return reached

    @property
    def operations(self) -> int:
        n = self.n_levels
        return int(n**3 * ((self.width - 2) * n**self.width + 2 * n ** (self.width - 1)))

    @cached_property
    def upwards(self) -> RowSteps:
        turned = self._table.transpose(2, 3, 0, 1)
        if (turned == self._table).all():
            return self
        return BlockSteps(turned, self._shape, slack=self.slack, closed=self._closed)

    @cached_property
    def twice(self) -> NDArray[Any]:
        return np.zeros(len(self.rows), self.dtype)


def row_steps(score: LocalScore, shape: tuple[int, int]) -> RowSteps:
    """The steps of kernels of a size: by pairs where the score allows it."""
    pairs = pair_terms(score.table)
    if pairs is not None:
        return PairSteps(*pairs, shape, slack=score.tolerance)
    if shape[1] == 1:  # a cell is its own right neighbour
        down = np.einsum("aacc->ac", score.table)
        return PairSteps(np.zeros_like(down), down, shape, slack=score.tolerance)
    return BlockSteps(score.table, shape, slack=score.tolerance)


def pair_terms(table: Integers) -> tuple[Integers, Integers] | None:
    """Terms of neighbours across and down that sum to those of the blocks, or None.

    The blocks' terms are such a sum where t(a, b, c, d) = p(a, b) + q(c, d) + r(a, c) + s(b, d).
    With all other cells at level 0, each pair, cell and nothing can be told apart.
    """
    nothing = int(table[0, 0, 0, 0])
    upper, lower, left, right = table[:, :, 0, 0], table[0, 0], table[:, 0, :, 0], table[0, :, 0, :]
    a, b, c, d = table[:, 0, 0, 0], table[0, :, 0, 0], table[0, 0, :, 0], table[0, 0, 0, :]
    pairs = upper[:, :, None, None] + lower + left[:, None, :, None] + right[:, None, :]
    cells = a[:, None, None, None] + b[:, None, None] + c[:, None] + d
    if not np.array_equal(table, pairs - cells + nothing):
        return None
    # Every cell is in each place of one block, and in each of two pairs of its row.
    across = upper + lower - (a + b + c + d)[:, None] + nothing
    return across, left + right
