"""Exact search under limits on a kernel as a whole: density, balance, distinct levels, symmetry.

A limit on a mean over the cells, such as an activation density D of at least `low`, is given a
price λ. For every λ ≥ 0, the optimum over all kernels of

    score + λ · (D − low)

bounds the score of those within the limit (Lagrangian duality); for D ≤ high, λ ≤ 0. With every
kernel as a point (D, score), the least such bound is the height of their upper hull above the
limit, and λ is the slope of its edge there, which chords find.

The bound leaves a gap, since a kernel cannot lie between two others. It is closed by branching: the
rows of a kernel are set one by one from the last, and what the open ones can add is bounded at many
prices at once, of which now one and now another is the best, as the known rows use up the limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from design_core.progress import Progress, StoppedError, no_progress, part_of
from design_core.search import compiled
from design_core.search.objectives import LocalScore
from design_core.search.walks import Walks

__all__ = ["Limit", "Within", "best_within"]

Ranks = NDArray[np.uint8]

_MOST_PRICES = 16
_MOST_CHORDS = 8
_AROUND = (0.25, 0.5, 2.0, 4.0)  # times the price that bounds best
_MOST_VISITED = 1e10  # nodes · rows · prices: about 20 s
_OF_A_NODE = 10  # what a node takes beside its prices, in prices
_MOST_BYTES = 2**28
_GUIDING = 0.5  # the finished fraction when branching begins
_SAME = 2.0**-32  # scores that differ by no more count as equal


@dataclass(frozen=True, eq=False)
class Limit:
    """Lowest and highest mean over the cells of a value that each level has, shape (N,)."""

    values: NDArray[np.float64]
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Within:
    """The best kernel within limits, as far as it was found.

    Attributes
    ----------
    ranks
        Level ranks, (d1, d2).
    bound
        No kernel within the limits scores more.
    proven
        Whether none scores more than `ranks`.
    visited
        How many rows were set one by one.
    """

    ranks: Ranks
    bound: float
    proven: bool
    visited: int


def best_within(
    score: LocalScore,
    known: Ranks,
    limits: Sequence[Limit],
    admits: Callable[[Ranks], Ranks | None],
    *,
    progress: Progress = no_progress,
) -> Within:
    """Better kernels than a known one, all within limits, until none is better.

    Parameters
    ----------
    known
        Level ranks of a kernel within all limits, (d1, d2), of a size that `is_feasible`.
    limits
        Those on means over the cells.
    admits
        From a kernel to one that is equivalent and within all limits; None if there is none.
    progress
        `StoppedError` ends the search with what there is.
    """
    if known.shape[1] > known.shape[0]:

        def upright(ranks: Ranks) -> Ranks | None:
            admitted = admits(ranks.T)
            return None if admitted is None else admitted.T

        found = best_within(score.transposed(), known.T, limits, upright, progress=progress)
        return replace(found, ranks=np.ascontiguousarray(found.ranks.T))
    search = _Search(score, known, limits, admits)
    with suppress(StoppedError):
        search.guide(part_of(progress, 0, _GUIDING))
        search.branch(part_of(progress, _GUIDING, 1))
    bound = search.value if search.proven else max(search.bound, search.value)
    return Within(search.best, bound, search.proven, search.visited)


@dataclass(frozen=True, eq=False)
class _Guide:
    """The largest walks under prices.

    Attributes
    ----------
    prices
        Of a cell at each level, shape (N,): λ times what is limited.
    held
        λ times what the mean is held against.
    walks, largest
        See `Walks`.
    unit
        What one unit of a walk's weight is worth in the sum of a kernel's scores.
    best
        Level ranks of a kernel that is best under these prices.
    """

    prices: NDArray[np.float64]
    held: float
    walks: Walks
    largest: NDArray[np.int64]
    unit: float
    best: Ranks

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """No kernel within the limit that begins at a start scores more, (starts,)."""
        return np.asarray(self.largest * self.unit / self.best.size - self.held)

    @cached_property
    def row_prices(self) -> NDArray[np.float64]:
        """Of every row, (rows,)."""
        return np.asarray(self.prices[self.walks.rows].sum(axis=1))

    def columns(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """What the rows that follow a start can add, up to each row, (starts, d1 − 1, rows).

        That is scores and prices; the start's own price is not in it.
        """
        columns = np.stack([front.T for front in self.walks.fronts(places)], axis=1)[: len(places)]
        starts = self.walks.starts[places]
        # A step has half the prices of both its rows.
        halves = self.row_prices - self.row_prices[starts][:, None]
        return np.asarray(columns * self.unit + halves[:, None] / 2)


class _Search:
    """What is known of the best kernel within limits."""

    def __init__(
        self,
        score: LocalScore,
        known: Ranks,
        limits: Sequence[Limit],
        admits: Callable[[Ranks], Ranks | None],
    ) -> None:
        self._score, self._limits, self._admits = score, limits, admits
        self._cells = known.size
        self.best, self.value = known, float(score.scores(known))
        self.bound, self.proven, self.visited = math.inf, False, 0
        self._guides: list[_Guide] = []

    def guide(self, progress: Progress) -> None:
        """Walk under prices on each of the limits."""
        parts = iter(
            [
                part_of(progress, k / _MOST_PRICES, (k + 1) / _MOST_PRICES)
                for k in range(_MOST_PRICES)
            ]
        )
        free = self._add(np.zeros(self._score.n_levels), 0.0, next(parts))
        for limit in self._limits:
            self._price(limit, free, islice(parts, _MOST_PRICES // len(self._limits) - 1))

    def _price(self, limit: Limit, free: _Guide, parts: Iterator[Progress]) -> None:
        """Walk under the price that bounds best, and others around it."""
        values = limit.values
        mean, extreme = float(values[free.best].mean()), values.argmax()
        if limit.low - _SAME <= mean <= limit.high + _SAME:
            return
        held = limit.low
        if mean > limit.high:
            held, extreme = limit.high, values.argmin()
        # Chords from the best kernel of all to the one of one level that lies farthest beyond.
        uniform = np.full(self.best.shape, extreme, dtype=np.uint8)
        near, far = (mean, self._scored(free.best)), (values[extreme], self._scored(uniform))
        price = 0.0
        for part in islice(parts, _MOST_CHORDS):
            price = (near[1] - far[1]) / (far[0] - near[0])
            best = self._add(price * values, price * held, part).best
            found = float(values[best].mean()), self._scored(best)
            if found[1] + price * found[0] <= near[1] + price * near[0] + _SAME:
                break
            near, far = (found, far) if (found[0] < held) == (mean < held) else (near, found)
        for factor, part in zip(_AROUND, parts, strict=False):
            self._add(factor * price * values, factor * price * held, part)

    def _scored(self, ranks: Ranks) -> float:
        return float(self._score.scores(ranks))

    def _add(self, prices: NDArray[np.float64], held: float, progress: Progress) -> _Guide:
        """Walk under prices, which may lower the bound."""
        priced = self._score.with_cell_term(prices) if prices.any() else self._score
        walks = Walks(priced, self.best.shape)
        largest = walks.largest(progress)
        if int(largest.min()) == np.iinfo(np.int64).min:
            raise StoppedError
        best = next(walks.in_order(largest, lambda: None)).ranks
        guide = _Guide(prices, held, walks, largest, 1 / priced.denominator, best)
        self._guides.append(guide)
        self.bound = min(self.bound, float(guide.bounds.max()))
        return guide

    def branch(self, progress: Progress) -> None:
        """Set the rows of kernels one by one, from the last, wherever they can still be better."""
        self._thin_out()
        walks = self._guides[0].walks
        bounds = np.min([guide.bounds for guide in self._guides], axis=0)
        order = np.argsort(-bounds, kind="stable")
        lanes = min(guide.walks.lanes for guide in self._guides)
        for first in range(0, len(order), lanes):
            group = order[first : first + lanes]
            if self._is_no_better(bounds[group[0]]):
                break
            columns = np.stack([guide.columns(group) for guide in self._guides], axis=2)
            for place, of_start in zip(group, columns, strict=True):
                self.bound = min(self.bound, float(bounds[place]))  # of all starts from here on
                if not self._branch_from(int(walks.starts[place]), of_start, progress):
                    return
        self.proven = True

    def _is_no_better(self, score: float) -> bool:
        return score <= self.value + _SAME

    def _branch_from(self, start: int, columns: NDArray[np.float64], progress: Progress) -> bool:
        """Kernels from one start, depth first; False when that would take too long."""
        walks, n_rows = self._guides[0].walks, len(columns) + 1
        row_prices = np.stack([guide.row_prices for guide in self._guides])
        held = self._cells * np.array([guide.held for guide in self._guides])
        # (what can be reached, sum of the known steps, known rows from the start on)
        open_nodes: list[tuple[float, float, tuple[int, ...]]] = [(math.inf, 0.0, ())]
        while open_nodes:
            reach, known_sum, known = open_nodes.pop()
            if self._is_no_better(reach / self._cells):
                continue
            self.visited += 1
            cost = self.visited * len(walks.rows) * (len(self._guides) + _OF_A_NODE)
            if cost > _MOST_VISITED:
                return False
            progress(cost / _MOST_VISITED, "Branching")
            below = known[0] if known else start
            steps = walks.weights_to(below) * self._guides[0].unit + known_sum
            used = row_prices[:, [start, *known]].sum(axis=1) - held
            before = columns[n_rows - 2 - len(known)]
            reachable = compiled.least(before, used) + steps
            better = np.flatnonzero(reachable > self._cells * (self.value + _SAME))
            if len(known) == n_rows - 2:
                self._finish(start, better, known, before[0] + steps)
                continue
            open_nodes.extend(
                (float(reachable[row]), float(steps[row]), (int(row), *known))
                for row in better[np.argsort(reachable[better], kind="stable")]
            )
        return True

    def _finish(
        self,
        start: int,
        rows: NDArray[np.int64],
        known: tuple[int, ...],
        sums: NDArray[np.float64],
    ) -> None:
        """The best kernel of those of which the second row alone is open."""
        table = self._guides[0].walks.rows
        for limit in self._limits:
            of_rows = limit.values[table].sum(axis=1)
            means = (of_rows[[start, *known]].sum() + of_rows[rows]) / self._cells
            rows = rows[(means >= limit.low - _SAME) & (means <= limit.high + _SAME)]
        for row in rows[np.argsort(-sums[rows], kind="stable")]:
            if self._is_no_better(sums[row] / self._cells):
                return
            admitted = self._admits(table[[start, row, *known]])
            if admitted is not None:
                self.best, self.value = admitted, self._scored(admitted)

    def _thin_out(self) -> None:
        """Keep the guides that bound best, as many as there is memory for; the first always."""
        free, *others = self._guides
        rows, lanes = len(free.walks.rows), max(guide.walks.lanes for guide in self._guides)
        room = max(1, _MOST_BYTES // (8 * rows * lanes * self.best.shape[0]))
        others.sort(key=lambda guide: float(guide.bounds.max()))
        self._guides = [free, *others[: room - 1]]
