"""Exact optima beyond listing: a max-plus transfer matrix over the rows of a kernel.

With G[r, r'] as in `design_core.search.landscape`, the best score over all kernels of d1 rows is
the largest weight of a closed walk of d1 steps between rows, a power of G where + is max and × is
+. Since the first column is as arbitrary as the first row, walks need only start at one row of
each class of equivalent rows: where reflections are free, 231 of the 1,296 rows of four cells on
six levels.

Forwards, P[m] holds the largest weights of m steps from each start; backwards, Q those of the
last two steps. Every kernel passes some row before these, so that no kernel has more than the
largest P + Q; and the kernels found must have it when their cells are summed one by one. That is
the certificate. Best kernels come in order by best-first search, for which P and Q are perfect
guides; the number of kernels that share the optimum is counted along the optimal walks.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from design_core.search.landscape import Progress, all_rows, row_pair_sums
from design_core.search.objectives import LocalScore
from design_core.search.symmetry import REFLECTIONS, canonical, equivalences, keeps, necklaces

__all__ = [
    "MAX_STATES",
    "CertificateError",
    "Optimum",
    "density_bound",
    "find_optimum",
    "is_feasible",
]

Ranks = NDArray[np.uint8]
_Row = TypeVar("_Row")

#: No more rows are taken as states: five cells on six levels, about a minute and 700 MB.
MAX_STATES = 7776

_MAX_COUNT = 2**53  # whole numbers below are exact in float64

_PRICES = 12  # prices on density that are tried for a bound

_BLOCK = 64  # starts per block: a block of walks stays in the processor's cache


class CertificateError(RuntimeError):
    """The best kernel does not have the score that is proven to be the highest: a defect."""


@dataclass(frozen=True, eq=False)
class Optimum:
    """The best kernels of a size, proven.

    Attributes
    ----------
    kernels
        Level ranks, best first, one of each class of equivalent kernels, each (d1, d2).
    sums
        Their whole-number scores, summed cell by cell.
    bound
        No kernel has more; equal to ``sums[0]``.
    ties
        How many of all N^(d1·d2) kernels have the best score; None beyond 9·10¹⁵,
        or when they were not counted.
    """

    kernels: tuple[Ranks, ...]
    sums: tuple[int, ...]
    bound: int
    ties: int | None


def is_feasible(n_levels: int, shape: tuple[int, int]) -> bool:
    """Whether `find_optimum` takes kernels of this size: the shorter side makes the states."""
    return min(shape) >= 2 and n_levels ** min(shape) <= MAX_STATES


def find_optimum(
    score: LocalScore,
    shape: tuple[int, int],
    *,
    top: int = 1,
    count_ties: bool = True,
    progress: Progress = lambda _fraction, _message: None,
) -> Optimum:
    """The exact best kernels of a size, for any local score.

    Parameters
    ----------
    shape
        Rows and columns, both at least 2; N^min(rows, columns) is at most `MAX_STATES`.
    top
        How many classes of equivalent kernels to return.
    count_ties
        Whether to count the kernels that share the optimum.

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
    if not is_feasible(score.n_levels, shape):
        raise ValueError(
            f"An exact search of {shape[0]}×{shape[1]} kernels on {score.n_levels} levels needs "
            f"{score.n_levels ** min(shape):,} row states, and takes 4 to {MAX_STATES:,} of rows "
            "of at least two cells. Allow fewer levels, or search by ascent."
        )
    if shape[1] > shape[0]:
        found = find_optimum(
            score.transposed(), shape[::-1], top=top, count_ties=count_ties, progress=progress
        )
        turned = tuple(np.ascontiguousarray(kernel.T) for kernel in found.kernels)
        return Optimum(turned, found.sums, found.bound, found.ties)
    walks = _Walks(score, shape, progress)
    kernels = walks.best_kernels(top)
    sums = tuple(int(score.sums(kernel)) for kernel in kernels)
    if sums[0] != walks.optimum:
        raise CertificateError(
            f"No kernel should have more than {walks.optimum}, and the sum over the cells of the "
            f"best one is {sums[0]}; they should be equal. Please report this."
        )
    ties = walks.count_optimal() if count_ties else None
    return Optimum(tuple(kernels), sums, walks.optimum, ties)


def density_bound(
    score: LocalScore,
    density: NDArray[np.float64],
    limits: tuple[float, float],
    shape: tuple[int, int],
    *,
    progress: Progress = lambda _fraction, _message: None,
) -> float:
    """An upper bound on the score of all kernels whose activation density lies within limits.

    A price λ on density turns the limits into a term of each cell. For every λ the optimum of
    score + λ · (density − limit), low limit for λ > 0 and high for λ < 0, bounds the constrained
    score from above (Lagrangian duality). The bound is convex in λ; its least value is sought by
    golden section, on the side that draws the best kernel of all towards the limits.

    Parameters
    ----------
    density
        P(bit = 1) of each level rank, shape (N,).
    shape
        A size that `is_feasible`.
    """
    if shape[1] > shape[0]:
        return density_bound(score.transposed(), density, limits, shape[::-1], progress=progress)
    steps = iter(range(1, _PRICES + 1))

    def dual(price: float) -> float:
        priced = score.with_cell_term(price * density)
        best = _Walks(priced, shape, lambda _fraction, _message: None).optimum
        progress(next(steps) / _PRICES, "Bounding the score from above")
        slack = priced.tolerance  # the rounding of the terms must not lower the bound
        limit = limits[0] if price > 0 else limits[1]
        cells = shape[0] * shape[1]
        return float((best + slack) / (priced.denominator * cells) - price * limit)

    free = _Walks(score, shape, lambda _fraction, _message: None).best_kernels(1)[0]
    found = float(density[free].mean())
    if limits[0] <= found <= limits[1]:
        return dual(0.0)
    reach = 2 * float(np.abs(score.table).max()) / score.denominator
    low, high = (0.0, reach) if found < limits[0] else (-reach, 0.0)
    ratio = (5**0.5 - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = dual(left), dual(right)
    least = min(at_left, at_right)
    for _ in range(_PRICES - 2):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = dual(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = dual(right)
        least = min(least, at_left, at_right)
    return least


class _Walks:
    """Best walks over row states, from one start of each class of equivalent rows.

    ``best[m][s, r]`` is the largest weight of m + 1 steps from start s to row r, and
    ``closed[s, r]`` that of a closed walk of d1 steps which is at row r before the last two steps
    (before the last step, for two rows).
    """

    def __init__(self, score: LocalScore, shape: tuple[int, int], progress: Progress) -> None:
        self.score, self.shape, self.progress = score, shape, progress
        self.rows = all_rows(score.n_levels, shape[1])
        self.pairs = row_pair_sums(score, shape[1], n_rows=shape[0])
        mirrored = keeps(score, REFLECTIONS["horizontal"])
        self.starts, self.start_sizes = necklaces(self.rows, mirrored=mirrored)
        self.home = np.ascontiguousarray(self.pairs[:, self.starts].T)  # last steps, (starts, R)
        self.products, self.done = shape[0] - 2, 0
        self.best = [self.pairs[self.starts]]
        for _ in range(shape[0] - 3):
            self.best.append(self._product(self.best[-1], self.pairs))
        last = self._product(self.home, self.pairs.T) if shape[0] > 2 else self.home
        self.closed = self.best[-1] + last
        self.optimum = int(self.closed.max())

    def _product(self, left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
        """Max-plus product: max over k of left[s, k] + right[k, r]."""
        result = np.empty((len(left), right.shape[1]), dtype=left.dtype)
        blocks = [slice(first, first + _BLOCK) for first in range(0, len(left), _BLOCK)]

        def fill(block: slice) -> None:
            mine = left[block]
            total = mine[:, :1] + right[0]
            candidate = np.empty_like(total)
            for k in range(1, len(right)):
                np.add(mine[:, k : k + 1], np.ascontiguousarray(right[k]), out=candidate)
                np.maximum(total, candidate, out=total)
            result[block] = total

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            futures = [pool.submit(fill, block) for block in blocks]
            try:
                for place, future in enumerate(futures, start=1):
                    future.result()
                    fraction = (self.done + place / len(blocks)) / self.products
                    self.progress(fraction, "Multiplying transfer matrices")
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        self.done += 1
        return result

    def best_kernels(self, top: int) -> list[Ranks]:
        """The first `top` classes of equivalent kernels in descending order of score."""
        permutations = equivalences(self.score, self.shape)
        # Every kernel has an equivalent one that begins at a start, and each entry of `closed` is
        # attained by a different kernel: this many entries hold at least `top` classes.
        entries = min(top * len(permutations), self.closed.size)
        kernels: list[Ranks] = []
        known: set[bytes] = set()
        for states in self._walks_in_order(entries):
            kernel = self.rows[list(states)]
            name = canonical(kernel.reshape(1, -1), permutations)
            if name.tobytes() not in known:
                known.add(name.tobytes())
                kernels.append(name.reshape(self.shape).astype(np.uint8))
                if len(kernels) == top:
                    break
        return kernels

    def _walks_in_order(self, entries: int) -> Iterator[tuple[int, ...]]:
        """Closed walks as tuples of row states, in descending order of weight.

        A node is a walk of which some rows are known: the row before the last two steps, then the
        last row too, then those before. Its children, with one row more, are sorted by the best
        weight that they can still reach, and queued one at a time.
        """
        flat = self.closed.ravel()
        first = np.argpartition(-flat, entries - 1)[:entries]
        first = first[np.lexsort((first, -flat[first].astype(np.int64)))]
        n_states = len(self.rows)
        serial = 0
        # (−reachable weight, −length known, serial, siblings, their weights, place, suffix, start)
        queue: list[tuple[int, int, int, Any, Any, int, tuple[int, ...], int]] = []

        def push(order: Any, weights: Any, place: int, suffix: tuple[int, ...], start: int) -> None:
            nonlocal serial
            if place < len(order):
                serial += 1
                item = (-int(weights[place]), -len(suffix), serial, order, weights, place, suffix)
                heapq.heappush(queue, (*item, start))

        push(first, flat[first], 0, (), -1)
        while queue:
            reach, _, _, order, weights, place, suffix, start = heapq.heappop(queue)
            push(order, weights, place + 1, suffix, start)
            state = int(order[place])
            if start < 0:
                begun, state = divmod(state, n_states)
            else:
                begun = start
            if self.shape[0] > 2 and len(suffix) == 0:
                # The row before the last two steps is known; the last row comes next.
                before = self.best[-1][begun, state]
                reachable = before + self.pairs[state] + self.home[begun]
                children = np.argsort(-reachable, kind="stable")
                push(children, reachable[children], 0, (state,), begun)
                continue
            is_last = self.shape[0] > 2 and len(suffix) == 1
            known = (*suffix, state) if is_last else (state, *suffix)
            steps = self.shape[0] - 1 - len(known)  # rows that are still open
            if steps == 0:
                yield (int(self.starts[begun]), *known)
                continue
            # The weight of the known part is what remains beyond the best walk up to its first row.
            beyond = -reach - int(self.best[steps][begun, known[0]])
            reachable = self.best[steps - 1][begun] + self.pairs[:, known[0]] + beyond
            children = np.argsort(-reachable, kind="stable")
            push(children, reachable[children], 0, known, begun)

    def count_optimal(self) -> int | None:
        """How many kernels reach the optimum, counted along the optimal walks only."""
        wanted = [self.closed >= self.optimum - self.score.tolerance]
        for step in range(len(self.best) - 1, 0, -1):
            wanted.append(self._needed(step, wanted[-1]))
        wanted.reverse()
        counts = wanted[0].astype(np.float64)
        for step in range(1, len(self.best)):
            counts = self._counted(step, wanted[step], counts)
        counts *= self._ends(wanted[-1])
        total = float(counts.sum(axis=1) @ self.start_sizes)
        return int(total) if total < _MAX_COUNT else None

    def _ends(self, wanted: NDArray[np.bool_]) -> NDArray[np.float64]:
        """How many last rows close the walk optimally, where wanted."""
        if self.shape[0] == 2:
            return wanted.astype(np.float64)

        def of_start(start: int) -> NDArray[np.float64]:
            ends = np.zeros(len(self.rows))
            states = np.flatnonzero(wanted[start])
            reached = self.best[-1][start, states, None] + self.pairs[states] + self.home[start]
            least = self.closed[start, states, None] - self.score.tolerance
            ends[states] = np.count_nonzero(reached >= least, axis=1)
            return ends

        return np.stack(self._by_start(of_start))

    def _needed(self, step: int, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Rows that lie on a best walk of `step` steps which is continued optimally."""

        def of_start(start: int) -> NDArray[np.bool_]:
            precedes = self._precedes(step, start, np.flatnonzero(wanted[start]))
            return np.asarray(precedes.any(axis=0), dtype=np.bool_)

        return np.stack(self._by_start(of_start))

    def _counted(
        self, step: int, wanted: NDArray[np.bool_], counts: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """From numbers of best walks of `step` steps to those of one more, where wanted."""

        def of_start(start: int) -> NDArray[np.float64]:
            counted = np.zeros(len(self.rows))
            states = np.flatnonzero(wanted[start])
            counted[states] = self._precedes(step, start, states) @ counts[start]
            return counted

        return np.stack(self._by_start(of_start))

    def _precedes(self, step: int, start: int, states: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether a row lies before each of `states` on a best walk, (states, rows)."""
        reached = self.best[step - 1][start] + self.pairs.T[states]
        least: NDArray[Any] = self.best[step][start, states] - self.score.tolerance
        optimal: Any = reached >= least[:, None]
        return np.asarray(optimal, dtype=np.bool_)

    def _by_start(self, job: Callable[[int], _Row]) -> list[_Row]:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(job, range(len(self.starts))))
