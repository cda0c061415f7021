"""All kernels of a size as closed walks over rows: the largest, in order, and how many.

A kernel of d1 rows is a closed walk of d1 steps between rows, and its score the sum of the steps'
weights (`design_core.search.row_steps`). Its first row is as arbitrary as its first column, so
walks need only start at one row of each class of equivalent rows; where reflections are free, at
231 of the 1,296 rows of four cells on six levels. From each start, one half of the walk goes down
and the other up, and the two meet at every row: where up is like down, one half is enough.

Memory is bounded by the rows, not by their pairs: a few tables of N^d2 · 64 bytes for each thread.
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

from design_core.progress import Progress, StoppedError
from design_core.search import compiled
from design_core.search.objectives import LocalScore
from design_core.search.row_steps import Front, RowSteps, row_steps
from design_core.search.symmetry import REFLECTIONS, keeps, necklaces

__all__ = ["Traced", "Walks"]

Ranks = NDArray[np.uint8]
Integers = NDArray[np.int64]
Result = TypeVar("Result")

_MOST_BYTES = 2**28  # of the fronts that all threads hold
_EXACT = 2.0**40  # times 2⁶⁴: float64 tells apart how often the lower 64 bits are full


@dataclass(frozen=True, eq=False)
class Traced:
    """A kernel that has been traced back.

    Attributes
    ----------
    weight
        Of its walk.
    ranks
        Level ranks, (d1, d2).
    rest
        No kernel that is still to come has more, but equivalents of those that have come.
    """

    weight: int
    ranks: Ranks
    rest: int


class Walks:
    """Closed walks under a score.

    Parameters
    ----------
    shape
        Rows and columns, at least 2 rows. The columns make the states: fewer are quicker.

    Attributes
    ----------
    starts, sizes
        The first row of each class of equivalent rows, and how many rows the class has.
    """

    def __init__(self, score: LocalScore, shape: tuple[int, int]) -> None:
        self._n_rows = shape[0]
        self._steps = row_steps(score, shape)
        mirrored = keeps(score, REFLECTIONS["horizontal"])
        self.starts, self.sizes, self._classes = necklaces(self._steps.rows, mirrored=mirrored)

    @property
    def rows(self) -> Ranks:
        """Every row, (N^columns, columns)."""
        return self._steps.rows

    @property
    def lanes(self) -> int:
        """How many starts are walked from at once."""
        return self._steps.lanes

    def weights_to(self, row: int) -> NDArray[Any]:
        """Weights of the steps from every row to one row, (rows,)."""
        return self._steps.weights_to(self.rows[row])

    def largest(self, progress: Progress) -> Integers:
        """The largest weight of a closed walk from each start, (starts,).

        When `progress` raises `StoppedError`, the starts that were not come to (all but the first
        few at least) have the lowest int64.
        """
        lowest = np.iinfo(np.int64).min
        largest = np.full(len(self.starts), lowest)
        places = np.arange(len(self.starts))

        def of(group: Integers) -> NDArray[Any]:
            there, back = self._halves(group, counted=False)
            met = compiled.meet(there.best, back.best, self._steps.twice)
            return np.asarray(met + self._steps.twice[self._lanes(group)])

        for group, found in self._by_lanes(places, of, progress):
            largest[group] = found[: len(group)]
        return largest

    def count(self, largest: Integers, least: int, progress: Progress) -> int | None:
        """How many kernels weigh `least` or more, of which no walk weighs visibly more.

        Parameters
        ----------
        largest
            Of each start, see `largest`.

        Returns
        -------
        int or None
            None for more than 10³¹, or when `progress` raises `StoppedError`.
        """

        def of(group: Integers) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
            there, back = self._halves(group, counted=True)
            twice = self._steps.twice
            wanted = (least - twice[self._lanes(group)]).astype(there.best.dtype)
            assert there.tally is not None
            assert back.tally is not None
            return compiled.count_meetings(
                there.best, there.tally, back.best, back.tally, twice, wanted
            )

        low, estimate, counted = 0, 0.0, 0
        tied = np.flatnonzero(largest >= least)
        for group, (lower, about) in self._by_lanes(tied, of, progress):
            for place, few, many in zip(group, lower.tolist(), about.tolist(), strict=False):
                low += few * int(self.sizes[place])
                estimate += many * int(self.sizes[place])
            counted += len(group)
        if counted < len(tied) or estimate > _EXACT * 2.0**64:
            return None
        low %= 2**64
        return low + 2**64 * round((estimate - low) / 2.0**64)

    def in_order(self, largest: Integers, floor: Callable[[], int | None]) -> Iterator[Traced]:
        """Kernels that weigh more than the floor, at least one of each class of equivalent ones.

        Start by start, from the one of the largest walk on; from each start in descending order.

        Parameters
        ----------
        largest
            Of each start, see `largest`.
        floor
            Asked again and again: what kernels must exceed; None while all are wanted.
        """
        order = np.argsort(-largest, kind="stable")
        order = order[largest[order] > np.iinfo(np.int64).min]
        ahead = [*largest[order[1:]].tolist(), np.iinfo(np.int64).min]
        for first in range(0, len(order), self._steps.lanes):
            group = order[first : first + self._steps.lanes]
            if _is_below(int(largest[group[0]]), floor()):
                return
            fronts = self.fronts(group)
            for lane, place in enumerate(group):
                if _is_below(int(largest[place]), floor()):
                    return
                columns = [np.ascontiguousarray(front[:, lane]) for front in fronts]
                rest = ahead[first + lane]
                for weight, rows in self._from(int(self.starts[place]), columns, floor):
                    yield Traced(weight, self.rows[list(rows)], max(weight, rest))

    def _lanes(self, group: Integers) -> Integers:
        """Rows to start from, one a lane; lanes that are left over repeat the first one."""
        rows = np.full(self._steps.lanes, self.starts[group[0]])
        rows[: len(group)] = self.starts[group]
        return rows

    def _halves(self, group: Integers, *, counted: bool) -> tuple[Front, Front]:
        """The halves of the walks: down from the starts, and up from them."""
        begin = self.rows[self._lanes(group)]
        up, down = self._n_rows // 2, self._n_rows - self._n_rows // 2

        def advanced(steps: RowSteps, count: int) -> Front:
            front = steps.begin(begin)
            front = front.counted() if counted else front
            for _ in range(count - 1):
                front = steps.advance(front)
            return front

        if self._steps.upwards is not self._steps:
            return advanced(self._steps, down), advanced(self._steps.upwards, up)
        back = advanced(self._steps, up)
        return (self._steps.advance(back.copy()) if down > up else back), back

    def fronts(self, group: Integers) -> list[NDArray[Any]]:
        """Largest weights of 1 … d1 − 1 steps, each (rows, lanes), over rows of no lower class.

        Every kernel has an equivalent one that starts at its row of the lowest class: with the
        others forbidden, kernels are not found again from each of their rows.
        """
        starts = self._lanes(group)
        front = self._steps.begin(self.rows[starts])
        fronts: list[NDArray[Any]] = []
        for _ in range(self._n_rows - 1):
            front = self._steps.advance(front.copy()) if fronts else front
            compiled.exclude(front.best, self._classes, self._classes[starts])
            fronts.append(front.best)
        return fronts

    def _from(
        self, start: int, columns: list[NDArray[Any]], floor: Callable[[], int | None]
    ) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Closed walks from a start as rows, in descending order of weight.

        A node is a walk of which the last rows are known. Its children, with one row more before
        them, are sorted by the best weight that they can still reach, and queued one at a time.
        """
        forbidden = np.iinfo(columns[0].dtype).min // 4
        serial = 0
        # (−reachable weight, −length known, serial, siblings, their weights, place, known rows)
        queue: list[tuple[int, int, int, Any, Any, int, tuple[int, ...]]] = []

        def push(order: Any, weights: Any, place: int, known: tuple[int, ...]) -> None:
            nonlocal serial
            if place < len(order):
                serial += 1
                item = (-int(weights[place]), -len(known), serial, order, weights, place, known)
                heapq.heappush(queue, item)

        def expand(below: int, beyond: int, known: tuple[int, ...]) -> None:
            reachable = columns[-1 - len(known)] + self.weights_to(below)
            limit = floor()
            least = forbidden if limit is None else max(forbidden, limit + 1 - beyond)
            children = np.flatnonzero(reachable >= least)
            children = children[np.argsort(-reachable[children], kind="stable")]
            push(children, reachable[children].astype(np.int64) + beyond, 0, known)

        expand(start, 0, ())
        while queue:
            reach, _, _, order, weights, place, known = heapq.heappop(queue)
            if _is_below(-reach, floor()):
                return
            push(order, weights, place + 1, known)
            row = int(order[place])
            here = columns[-1 - len(known)][row]
            if len(known) + 1 == len(columns):
                yield -reach, (start, row, *known)
            else:
                expand(row, -reach - int(here), (row, *known))

    def _by_lanes(
        self, places: Integers, job: Callable[[Integers], Result], progress: Progress
    ) -> Iterator[tuple[Integers, Result]]:
        """Do a job for the starts at some places, as many at once as there are lanes.

        The first group is always done; `StoppedError` of `progress` ends it after that.
        """
        lanes = self._steps.lanes
        groups = [places[first : first + lanes] for first in range(0, len(places), lanes)]
        held = 6 * compiled.VECTOR_BYTES * len(self.rows)
        workers = max(1, min(os.cpu_count() or 1, _MOST_BYTES // held))
        with ThreadPoolExecutor(workers) as pool:
            futures = [pool.submit(job, group) for group in groups]
            try:
                for done, (group, future) in enumerate(zip(groups, futures, strict=True), start=1):
                    yield group, future.result()
                    progress(done / len(groups), "Walking over the rows")
            except StoppedError:
                pool.shutdown(cancel_futures=True)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def _is_below(weight: int, floor: int | None) -> bool:
    return floor is not None and weight <= floor
