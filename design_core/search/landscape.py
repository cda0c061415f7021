"""Whole landscapes: the score of every kernel of a small size, by table look-ups.

The local terms of two neighbouring rows of a kernel depend on these rows only. With all N^d2 rows
as states and G[r, r'] the terms between row r and the row r' below it, a kernel's score is

    S = G[r0, r1] + G[r1, r2] + … + G[r(d1−1), r0],

so that the 10,077,696 scores of 3×3 on six levels are sums of three broadcast 216×216 tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.progress import Progress, StoppedError, no_progress
from design_core.search.constraints import Constraints
from design_core.search.objectives import LocalScore
from design_core.search.scorer import Scorer
from design_core.search.symmetry import canonical

__all__ = [
    "MAX_KERNELS",
    "Landscape",
    "all_rows",
    "list_landscape",
    "row_pair_sums",
]

Integers = NDArray[np.int64]
Ranks = NDArray[np.uint8]

#: No larger landscape is listed: 64 million kernels, 512 MB at most.
MAX_KERNELS = 2**26

_CHUNK = 2**18
_MAX_CLASSIFIED = 2**20  # equivalence classes of more tied kernels than this are not counted


@dataclass(frozen=True, eq=False)
class Landscape:
    """The score of every admissible kernel of one size.

    Attributes
    ----------
    scorer, shape, constraints
        What was scored: objective and tables, rows and columns, limits.
    sums
        Whole-number scores, shape (kernels,); times `unit` they are scores.
    codes
        Which kernel each is (see `ranks`); None where `sums` holds all of them in order.
    orbits
        Which free number each cell takes; the cells' own order without a symmetry.
    complete
        Whether the listing was not stopped early. Ranks and ties in a part of it say nothing.
    """

    scorer: Scorer
    shape: tuple[int, int]
    constraints: Constraints
    sums: NDArray[Any]
    codes: Integers | None
    orbits: Integers
    complete: bool = True

    @property
    def size(self) -> int:
        """How many kernels were scored."""
        return int(self.sums.size)

    @property
    def unit(self) -> float:
        """What one unit of `sums` is worth in the score."""
        return self.scorer.unit(self.shape)

    @property
    def levels(self) -> tuple[int, ...]:
        """The levels that ranks count."""
        return self.scorer.levels

    def scores(self) -> NDArray[np.float64]:
        """All scores, shape (kernels,)."""
        return self.sums * self.unit

    def ranks(self, places: NDArray[Any]) -> Ranks:
        """Level ranks of the kernels at some places of `sums`, shape (n, d1, d2)."""
        codes = places if self.codes is None else self.codes[places]
        free = _digits(codes, len(self.levels), int(self.orbits.max()) + 1)
        return free[:, self.orbits].reshape(-1, *self.shape)

    def position(self, ranks: NDArray[Any]) -> tuple[int, int]:
        """Rank of a kernel (1 for the best) and how many kernels share its score, itself included.

        Raises
        ------
        ValueError
            The kernel is not in the landscape: a constraint excludes it.
        """
        if not self.admits(ranks):
            raise ValueError("The kernel does not satisfy the constraints of the landscape.")
        mine = int(self.scorer.sums(ranks))
        tolerance = self.scorer.tolerance
        better = int(np.count_nonzero(self.sums > mine + tolerance))
        return better + 1, self.ties(mine)

    def admits(self, ranks: NDArray[Any]) -> bool:
        """Whether a kernel of level ranks, shape (d1, d2), satisfies the constraints."""
        cells = ranks.reshape(1, -1)
        first = np.unique(self.orbits, return_index=True)[1]
        symmetric = (cells[0, first][self.orbits] == cells[0]).all()
        scorer = self.scorer
        admitted = self.constraints.admits(cells, scorer.density, scorer.values)
        return bool(symmetric and admitted[0])

    def ties(self, value: int) -> int:
        """How many kernels have this whole-number score."""
        return int(np.count_nonzero(self._near(value)))

    def tied_classes(self, value: int) -> int | None:
        """The same with equivalent kernels counted once; None for more than a million kernels."""
        places = np.flatnonzero(self._near(value))
        if places.size > _MAX_CLASSIFIED:
            return None
        tied = canonical(
            self.ranks(places).reshape(places.size, -1), self.scorer.equivalences(self.shape)
        )
        return len(np.unique(tied, axis=0))

    def best(self, top: int = 1) -> list[Ranks]:
        """The kernels of highest score, best first, one of each class of equivalent ones."""
        return self._extreme(top, 1)

    def worst(self, top: int = 1) -> list[Ranks]:
        """The kernels of lowest score, worst first, one of each class of equivalent ones."""
        return self._extreme(top, -1)

    def histogram(self, bins: int = 100) -> tuple[Integers, NDArray[np.float64]]:
        """How many kernels fall into each of `bins` equal parts of the range of scores.

        Returns
        -------
        Counts of shape (bins,), and the edges of shape (bins + 1,) in units of the score.
        """
        counts = np.zeros(bins, dtype=np.int64)
        for _, part in self._parts(bins):
            counts += np.bincount(part, minlength=bins)
        low, high = int(self.sums.min()), int(self.sums.max())
        edges: NDArray[np.float64] = np.linspace(low, high, bins + 1) * self.unit
        return counts, edges

    def examples(self, bins: int = 100) -> Integers:
        """The first kernel in each part of `histogram`: places of `sums`, −1 where there is none.

        Returns
        -------
        Shape (bins,).
        """
        first = np.full(bins, -1, dtype=np.int64)
        for start, part in self._parts(bins):
            found, here = np.unique(part, return_index=True)
            new = first[found] < 0
            first[found[new]] = start + here[new]
        return first

    def _parts(self, bins: int) -> Iterator[tuple[int, Integers]]:
        """Chunk by chunk: where it begins, and the part of the range that each score falls into."""
        low, high = int(self.sums.min()), int(self.sums.max())
        width = (high - low) / bins or 1.0
        for start in range(0, self.size, _CHUNK):
            part = ((self.sums[start : start + _CHUNK] - low) / width).astype(np.int64)
            yield start, np.minimum(part, bins - 1)

    def _near(self, value: int) -> NDArray[np.bool_]:
        tolerance = self.scorer.tolerance
        if tolerance == 0:
            return np.asarray(self.sums == value)
        return np.asarray(np.abs(self.sums - value) <= tolerance)

    def _extreme(self, top: int, sign: int) -> list[Ranks]:
        """Each class has at most as many members as there are equivalences, so the first
        ``top · equivalences`` kernels hold `top` classes.
        """  # fmt: skip
        permutations = self.scorer.equivalences(self.shape)
        wanted = min(top * len(permutations), self.size)
        at = wanted - 1 if sign < 0 else self.size - wanted
        limit = np.partition(self.sums, at)[at]
        beyond = np.flatnonzero(self.sums < limit if sign < 0 else self.sums > limit)
        tied = np.flatnonzero(self.sums == limit)[: wanted - beyond.size]
        places = np.concatenate([beyond, tied])
        ordered = places[np.lexsort((places, -sign * self.sums[places].astype(np.int64)))]
        found = self.ranks(ordered)
        classes = canonical(found.reshape(len(found), -1), permutations)
        _, first = np.unique(classes, axis=0, return_index=True)
        return [found[place] for place in np.sort(first)[:top]]


def list_landscape(
    scorer: Scorer,
    shape: tuple[int, int],
    *,
    constraints: Constraints | None = None,
    progress: Progress = no_progress,
) -> Landscape:
    """Score every admissible kernel of a size; when `progress` raises `StoppedError`, those so far.

    Parameters
    ----------
    shape
        Rows and columns.
    constraints
        Limits; levels must already be those of the scorer's tables.

    Raises
    ------
    ValueError
        More than 64 million kernels, or none that satisfies the constraints.
    """
    limits = constraints or Constraints()
    orbits = limits.cell_orbits(shape)
    n_levels = len(scorer.levels)
    n_free = int(orbits.max()) + 1
    count = n_levels**n_free
    if count > MAX_KERNELS:
        raise ValueError(
            f"A landscape of {shape[0]}×{shape[1]} kernels on {n_levels} levels has {count:,} "
            f"entries, and at most {MAX_KERNELS:,} are listed. Allow fewer levels."
        )
    by_rows = not scorer.objective.weight("psnr")  # which couples rows that are no neighbours
    whole = limits.symmetry is None and not limits.by_cell
    if whole and by_rows and shape[0] > 1 and n_levels ** shape[1] <= 2**11:
        sums = _by_rows(scorer, shape)
        return Landscape(scorer, shape, limits, sums, None, orbits)
    sums, good = np.empty(count, dtype=np.int64), np.ones(count, dtype=np.bool_)
    done = 0
    with suppress(StoppedError):
        for start in range(0, count, _CHUNK):
            chunk = slice(start, min(start + _CHUNK, count))
            cells = _digits(np.arange(chunk.start, chunk.stop), n_levels, n_free)[:, orbits]
            sums[chunk] = scorer.sums(cells.reshape(-1, *shape))
            if limits.by_cell:
                good[chunk] = limits.admits(cells, scorer.density, scorer.values)
            done = chunk.stop
            progress(done / count, "Scoring kernels")
    if not limits.by_cell and done == count:
        return Landscape(scorer, shape, limits, sums, None, orbits)
    sums, good = sums[:done], good[:done]
    if not good.any():
        raise ValueError(
            "No kernel satisfies the constraints; widen the range of densities, allow more "
            "levels, or drop the balance."
        )
    codes = np.flatnonzero(good)
    return Landscape(scorer, shape, limits, sums[good], codes, orbits, complete=done == count)


def all_rows(n_levels: int, width: int) -> Ranks:
    """Every row of level ranks, in reading order, shape (N^width, width)."""
    return _digits(np.arange(n_levels**width), n_levels, width)


def row_pair_sums(score: LocalScore, width: int, *, n_rows: int) -> NDArray[Any]:
    """G[r, r']: local terms between each row and each row below it.

    Parameters
    ----------
    width
        Columns of the kernel.
    n_rows
        Rows of the kernel, which decide whether the sums of a kernel fit into 32 bits.

    Returns
    -------
    int32 or int64 array of shape (N^width, N^width)
    """
    rows = all_rows(score.n_levels, width)
    pairs = rows.astype(np.int64) * score.n_levels + np.roll(rows, -1, axis=1)
    largest = int(np.abs(score.table).max()) * width * n_rows
    dtype = np.int32 if largest < 2**30 else np.int64
    terms = score.table.reshape(score.n_levels**2, -1).astype(dtype)
    total = np.zeros((len(rows), len(rows)), dtype=dtype)
    for column in range(width):
        total += terms[pairs[:, column, None], pairs[:, column]]
    return total


def _by_rows(scorer: Scorer, shape: tuple[int, int]) -> NDArray[Any]:
    """All sums of a size, shape (N^cells,), by broadcasting over the rows."""
    n_rows, width = shape
    sums = _cyclic_sums(row_pair_sums(scorer.local, width, n_rows=n_rows), n_rows)
    if scorer.is_local:
        return sums
    rows = all_rows(scorer.local.n_levels, width)
    density = scorer.density[rows].mean(axis=1)
    partial = scorer.partial_mean[rows].mean(axis=1)
    local_unit = 1 / (scorer.local.denominator * n_rows * width)
    result = np.empty(sums.size, dtype=np.int64)
    block = sums.size // len(rows)
    for place, (first_density, first_partial) in enumerate(zip(density, partial, strict=True)):
        here = slice(place * block, (place + 1) * block)
        result[here] = scorer.with_correlation(
            sums[here] * local_unit,
            (first_density + _outer_sum(density, n_rows - 1)) / n_rows,
            (first_partial + _outer_sum(partial, n_rows - 1)) / n_rows,
        )
    return result


def _cyclic_sums(pairs: NDArray[Any], n_rows: int) -> NDArray[Any]:
    """G[r0, r1] + … + G[r(n−1), r0] for all rows, flat in reading order; n ≥ 2."""
    n_states = len(pairs)
    total = pairs
    for _ in range(n_rows - 2):
        total = total[..., None] + pairs
    if n_rows == 2:
        total = total.copy()
    closing = (n_states,) + (1,) * (n_rows - 2) + (n_states,)
    total += pairs.T.reshape(closing)
    return total.reshape(-1)


def _outer_sum(values: NDArray[np.float64], times: int) -> NDArray[np.float64]:
    total = values
    for _ in range(times - 1):
        total = np.add.outer(total, values)
    return total.reshape(-1)


def _digits(codes: NDArray[Any], base: int, width: int) -> Ranks:
    """Digits of whole numbers, the most significant first, shape (n, width)."""
    digits = np.empty((len(codes), width), dtype=np.uint8)
    rest = np.asarray(codes, dtype=np.int64)
    for place in reversed(range(width)):
        rest, digits[:, place] = np.divmod(rest, base)
    return digits
