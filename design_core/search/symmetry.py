"""Equivalent kernels: those that any score of the same tables must give the same value.

A tiling has no first cell, so cyclic shifts of a kernel are equivalent on stationary sources.
Reflections, quarter turns and transposition are so only where the table of local terms says it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from design_core.search.objectives import LocalScore

__all__ = [
    "REFLECTIONS",
    "canonical",
    "class_count",
    "equivalences",
    "keeps",
    "necklaces",
    "shifts",
]

Indices = NDArray[np.int64]

#: The eight ways to lay a square onto itself, by name.
REFLECTIONS: dict[str, Callable[[Indices], Indices]] = {
    "identity": lambda cells: cells,
    "horizontal": lambda cells: cells[:, ::-1],
    "vertical": lambda cells: cells[::-1],
    "half-turn": lambda cells: cells[::-1, ::-1],
    "transpose": lambda cells: cells.T,
    "anti-transpose": lambda cells: cells[::-1, ::-1].T,
    "quarter-turn": lambda cells: np.rot90(cells),
    "three-quarter-turn": lambda cells: np.rot90(cells, 3),
}


def equivalences(score: LocalScore, shape: tuple[int, int]) -> Indices:
    """All rearrangements of a kernel's cells that keep the score of every kernel.

    Returns
    -------
    int64 array of shape (g, d1·d2)
        ``ranks.ravel()[row]`` is an equivalent kernel. The rows form a group.
    """
    cells = np.arange(shape[0] * shape[1]).reshape(shape)
    laid = [lay(cells) for lay in REFLECTIONS.values() if keeps(score, lay)]
    kept = [each.ravel()[shifts(shape)] for each in laid if each.shape == shape]
    return np.asarray(np.unique(np.concatenate(kept), axis=0), dtype=np.int64)


def shifts(shape: tuple[int, int]) -> Indices:
    """All cyclic shifts of a kernel's cells, shape (d1·d2, d1·d2)."""
    cells = np.arange(shape[0] * shape[1]).reshape(shape)
    return np.array(
        [
            np.roll(cells, (down, right), axis=(0, 1)).ravel()
            for down in range(shape[0])
            for right in range(shape[1])
        ]
    )


def keeps(score: LocalScore, lay: Callable[[Indices], Indices]) -> bool:
    """Whether the local term of a block is that of the block laid the other way."""
    axes = lay(np.arange(4).reshape(2, 2)).ravel()
    difference = np.abs(score.table - score.table.transpose(*axes.tolist())).max()
    return bool(difference <= score.tolerance / 256)  # one quantum of rounding, not of a sum


def canonical(ranks: NDArray[np.integer], permutations: Indices) -> NDArray[np.integer]:
    """The equivalent kernel that comes first in reading order, of each of n kernels.

    Parameters
    ----------
    ranks
        Shape (n, cells).

    Returns
    -------
    The same shape and type.
    """
    first = ranks[:, permutations[0]].copy()
    for permutation in permutations[1:]:
        other = ranks[:, permutation]
        differs = other != first
        where = differs.argmax(axis=1)[:, None]  # the first cell that differs, or cell 0
        less = np.take_along_axis(other, where, 1) < np.take_along_axis(first, where, 1)
        first = np.where(less, other, first)
    return first


def class_count(n_levels: int, permutations: Indices) -> int:
    """How many kernels there are up to equivalence (Burnside's lemma)."""
    fixed = sum(n_levels ** _cycles(permutation) for permutation in permutations)
    return int(fixed // len(permutations))


def _cycles(permutation: Indices) -> int:
    """Number of cycles of a permutation."""
    seen: set[int] = set()
    count = 0
    for start in range(len(permutation)):
        count += start not in seen
        while start not in seen:
            seen.add(start)
            start = int(permutation[start])
    return count


def necklaces(
    rows: NDArray[np.integer], *, mirrored: bool = False
) -> tuple[Indices, Indices, Indices]:
    """Rows up to cyclic shift, and up to reversal if `mirrored`.

    Parameters
    ----------
    rows
        All rows, shape (R, d2), in reading order.

    Returns
    -------
    Index of the first row of each class, and how many rows the class has, shape (classes,); the
    class of every row, shape (R,). All int64.
    """
    width = rows.shape[1]
    turns = [np.roll(np.arange(width), shift) for shift in range(width)]
    turns += [turn[::-1] for turn in turns if mirrored]
    digits = int(rows.max(initial=0)) + 1
    places = digits ** np.arange(width - 1, -1, -1, dtype=np.int64)
    # Rows are in reading order, so that the least equivalent row is the least number.
    least = np.arange(len(rows))
    for turn in turns:
        np.minimum(least, rows[:, turn].astype(np.int64) @ places, out=least)
    first, classes, sizes = np.unique(least, return_inverse=True, return_counts=True)
    return first, sizes.astype(np.int64), classes.astype(np.int64)
