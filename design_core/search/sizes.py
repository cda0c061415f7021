"""Size against total variation and information: what a larger kernel can be worth.

For each side d of a square kernel: the best kernel by total variation and the best by information,
and whether a search proved them; the published ones of that size; and the median of random kernels,
which says what the size is worth without a search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from design_core.progress import Progress, no_progress, part_of
from design_core.search.block_tables import BlockTables
from design_core.search.find import KernelScore, find_kernels
from design_core.search.objectives import Objective
from design_core.search.sampling import sample_scores
from design_core.search.scorer import Scorer

__all__ = ["SizeRow", "size_rows", "sizes_markdown"]

_SAMPLED = 2000  # random kernels for a median


@dataclass(frozen=True)
class SizeRow:
    """What kernels of d×d come to on some tables.

    Parameters
    ----------
    side
        d.
    best_tv, best_information
        Of the highest edges per pixel, and of the most bits per pixel.
    exact
        Whether both searches proved their best.
    published
        The published kernels of this size.
    median_tv, median_information
        Of random kernels.
    """

    side: int
    best_tv: KernelScore
    best_information: KernelScore
    exact: bool
    published: tuple[KernelScore, ...]
    median_tv: float
    median_information: float

    def best(self, objective: str) -> float:
        """The highest score by ``tv`` or ``information``."""
        return self.best_tv.tv if objective == "tv" else self.best_information.information

    def median(self, objective: str) -> float:
        """The median of random kernels by ``tv`` or ``information``."""
        return self.median_tv if objective == "tv" else self.median_information


def size_rows(
    tables: BlockTables,
    sides: Sequence[int] = (1, 2, 3, 4),
    *,
    progress: Progress = no_progress,
) -> Iterator[SizeRow]:
    """A row for each side, as it is found; a search that is stopped ends them.

    Parameters
    ----------
    tables
        Of `random_convolution_tables`, or of pictures or layers, see
        `design_core.search.sources.open_tables`.
    sides
        1 to 64. On six levels the searches are exact up to 7 by total variation and 6 by
        information, beyond that they give a bound; those above 3 need numba.
    progress
        See `Progress`.

    Raises
    ------
    ValueError
        A side out of range.
    """
    for place, side in enumerate(sides):
        size = side, side
        shares = [(place + part / 2) / len(sides) for part in range(3)]
        tv, information = (
            find_kernels(
                tables, size, objective=objective, top=1, progress=part_of(progress, *ends)
            )
            for objective, ends in zip(("tv", "information"), pairwise(shares), strict=True)
        )
        if tv.stopped or information.stopped:
            return
        medians = [_median(tables, size, name) for name in ("tv", "information")]
        yield SizeRow(
            side,
            tv.best[0],
            information.best[0],
            tv.exact and information.exact,
            tuple(tv.published),
            medians[0],
            medians[1],
        )


def _median(tables: BlockTables, size: tuple[int, int], objective: str) -> float:
    scorer = Scorer.of(Objective.parse(objective), tables)
    return float(np.median(sample_scores(scorer, size, count=_SAMPLED).ordered))


def sizes_markdown(rows: Sequence[SizeRow]) -> str:
    """A table: TV and bits per pixel of each, the published kernels of a size one after another."""
    heads = (
        *("size", "best by TV", "its bits", "best by information", "its TV", "published"),
        *("median TV", "median bits", "proven"),
    )
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for row in rows:
        published = "<br>".join(
            f"{one.kernel.name}: TV {one.tv:.3f}, {one.information:.3f} bits"
            for one in row.published
        )
        cells = (
            f"{row.side}×{row.side}",
            f"{row.best_tv.tv:.3f}",
            f"{row.best_tv.information:.3f}",
            f"{row.best_information.information:.3f}",
            f"{row.best_information.tv:.3f}",
            published or "–",
            f"{row.median_tv:.3f}",
            f"{row.median_information:.3f}",
            "yes" if row.exact else "no",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
