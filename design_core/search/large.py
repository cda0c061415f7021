"""Search among more kernels than can be listed: by walks over rows, or by ascent beside a bound.

Needs numba (the extra ``engine``), which `design_core.search.find` does without for what it lists.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from design_core.progress import Progress, no_progress, part_of
from design_core.search.ascent import ascend
from design_core.search.bounds import score_bound
from design_core.search.constraints import Constraints
from design_core.search.found import Found
from design_core.search.landscape import list_landscape
from design_core.search.limited import Limit, best_within
from design_core.search.objectives import LocalScore
from design_core.search.scorer import Scorer
from design_core.search.transfer import Optimum, find_optimum, is_feasible

__all__ = ["by_ascent", "by_transfer", "search_large", "upper_bound"]

Ranks = NDArray[np.uint8]

_LARGEST_TILED = 2**17  # smaller kernels whose landscape is searched for a start of the ascent

# The finished fraction when a search turns to the worst kernel; to a bound; to tracing kernels.
_WORST = 0.6
_PROVING = 0.4
_TRACING = 0.5


def search_large(
    scorer: Scorer,
    size: tuple[int, int],
    limits: Constraints,
    *,
    top: int,
    seed: int,
    progress: Progress,
) -> Found:
    """By walks over rows where they meet the limits and are feasible, else by ascent."""
    if _by_levels_alone(limits) and scorer.is_local and is_feasible(scorer.local, size):
        return by_transfer(scorer, size, limits, top, progress)
    return by_ascent(scorer, size, limits, seed, progress)


def _by_levels_alone(limits: Constraints) -> bool:
    """Whether the limits are met by choosing levels, so that the transfer matrix can search."""
    return (limits.symmetry, limits.density, limits.balance) == (None, None, None)


def by_transfer(
    scorer: Scorer, size: tuple[int, int], limits: Constraints, top: int, progress: Progress
) -> Found:
    """By the largest walks over rows, for every choice of as many levels as may occur."""
    n_levels = len(scorer.levels)
    most = min(limits.max_distinct or n_levels, n_levels)
    highest = _transfer_within(scorer.local, size, most, top, part_of(progress, 0, _WORST))
    if not highest.proven:
        bound = upper_bound(scorer, size, no_progress)
        scored = len(highest.kernels)
        return Found("transfer", highest.kernels, exact=False, bound=bound, evaluated=scored)
    lowest = _transfer_within(
        scorer.local.negated(), size, most, 1, part_of(progress, _WORST, 1), count_ties=False
    )
    cells = size[0] * size[1]
    count = sum(_kernels_of_exactly(k, cells) * comb(n_levels, k) for k in range(1, most + 1))
    return Found(
        method="transfer",
        kernels=highest.kernels,
        exact=True,
        bound=highest.sums[0] * scorer.unit(size),
        evaluated=count,
        worst=lowest.kernels[0] if lowest.proven else None,
        ties=highest.ties,
        count=count,
    )


def _kernels_of_exactly(k: int, cells: int) -> int:
    """How many kernels use all of k levels (surjections)."""
    return sum((-1) ** (k - j) * comb(k, j) * j**cells for j in range(k + 1))


def _transfer_within(
    score: LocalScore,
    size: tuple[int, int],
    most: int,
    top: int,
    progress: Progress,
    *,
    count_ties: bool = True,
) -> Optimum:
    """The transfer search over every choice of `most` levels, merged."""
    if most == score.n_levels:
        return find_optimum(score, size, top=top, count_ties=count_ties, progress=progress)
    found: dict[bytes, tuple[int, Ranks]] = {}
    by_choice: dict[tuple[int, ...], Optimum] = {}
    choices = list(combinations(range(score.n_levels), most))
    for number, choice in enumerate(choices):
        optimum = find_optimum(
            score.restricted(np.array(choice)),
            size,
            top=top,
            count_ties=count_ties,
            progress=part_of(progress, number / len(choices), (number + 1) / len(choices)),
        )
        by_choice[choice] = optimum
        for kernel, value in zip(optimum.kernels, optimum.sums, strict=True):
            ranks = np.array(choice, dtype=np.uint8)[kernel]
            found[ranks.tobytes()] = (value, ranks)
        if not optimum.proven:
            break
    ordered = sorted(found.values(), key=lambda pair: (-pair[0], pair[1].tobytes()))[:top]
    kernels, sums = tuple(r for _, r in ordered), tuple(value for value, _ in ordered)
    proven = len(by_choice) == len(choices) and all(one.proven for one in by_choice.values())
    ties = _union_ties(score, size, most, sums[0], by_choice) if proven and count_ties else None
    return Optimum(kernels, sums, ties, proven)


def _union_ties(
    score: LocalScore,
    size: tuple[int, int],
    most: int,
    best: int,
    by_choice: dict[tuple[int, ...], Optimum],
) -> int | None:
    """Kernels that score best over all choices of levels, each counted once.

    A kernel of k different levels is found by C(N − k, most − k) choices. Inclusion and exclusion
    over smaller choices takes the surplus away: a choice of j levels counts (−1)^(most − j) ·
    C(N − j − 1, most − j) times.
    """
    n_levels, total = score.n_levels, 0
    for j in range(most, 0, -1):
        factor = (-1) ** (most - j) * comb(n_levels - j - 1, most - j)
        for choice in combinations(range(n_levels), j):
            if j == most:
                optimum = by_choice[choice]
            else:
                optimum = find_optimum(score.restricted(np.array(choice)), size)
            if optimum.sums[0] < best - score.tolerance:
                continue
            if optimum.ties is None:
                return None
            total += factor * optimum.ties
    return total


def by_ascent(
    scorer: Scorer, size: tuple[int, int], limits: Constraints, seed: int, progress: Progress
) -> Found:
    """By ascent beside an upper bound; what they leave open, by walks within the limits."""
    best, scored = ascend(
        scorer,
        size,
        constraints=limits,
        starts=_tiled_starts(scorer, size),
        seed=seed,
        progress=part_of(progress, 0, _PROVING),
    )
    method, score = "ascent", float(scorer.scores(best))
    bound = upper_bound(scorer, size, part_of(progress, _PROVING, _TRACING))
    exact = bound is not None and bound - score <= scorer.tolerance * scorer.unit(size)
    if not exact and scorer.is_local and is_feasible(scorer.local, size):
        within = best_within(
            scorer.local,
            best,
            _limits_on_means(scorer, limits),
            _Admission(scorer, limits, size),
            progress=part_of(progress, _TRACING, 1),
        )
        best, score, exact = within.ranks, float(scorer.scores(within.ranks)), within.proven
        method = "transfer" if exact else "ascent"
        bound = within.bound if bound is None else min(bound, within.bound)
        scored += within.visited
    return Found(method, [best], exact=exact, bound=score if exact else bound, evaluated=scored)


def _limits_on_means(scorer: Scorer, limits: Constraints) -> list[Limit]:
    means = []
    if limits.density is not None:
        means.append(Limit(scorer.density, *limits.density))
    if limits.balance is not None:
        means.append(Limit(scorer.values, -limits.balance, limits.balance))
    return means


class _Admission:
    """From a kernel to an equivalent one that satisfies all limits, or None."""

    def __init__(self, scorer: Scorer, limits: Constraints, size: tuple[int, int]) -> None:
        self._scorer, self._limits, self._size = scorer, limits, size
        self._orbits = limits.cell_orbits(size)
        self._first = np.unique(self._orbits, return_index=True)[1]
        self._equivalent = scorer.equivalences(size)

    def __call__(self, ranks: Ranks) -> Ranks | None:
        cells = ranks.reshape(1, -1)
        if not self._limits.admits(cells, self._scorer.density, self._scorer.values)[0]:
            return None
        laid = ranks.ravel()[self._equivalent]
        symmetric = (laid[:, self._first][:, self._orbits] == laid).all(axis=1)
        return laid[symmetric.argmax()].reshape(self._size) if symmetric.any() else None


def upper_bound(scorer: Scorer, size: tuple[int, int], progress: Progress) -> float | None:
    """No kernel scores more; None under an objective of which nothing is known."""
    if scorer.objective.weight("psnr"):
        return None
    local = score_bound(scorer.local, size, progress=progress)
    return local + abs(scorer.objective.weight("correlation"))


def _tiled_starts(scorer: Scorer, size: tuple[int, int]) -> list[Ranks]:
    """The best kernels of sizes that divide this one, repeated to fill it."""
    starts = []
    for rows in range(1, size[0] + 1):
        for columns in range(1, size[1] + 1):
            divides = size[0] % rows == 0 and size[1] % columns == 0
            if divides and len(scorer.levels) ** (rows * columns) <= _LARGEST_TILED:
                best = list_landscape(scorer, (rows, columns)).best()[0]
                starts.append(np.tile(best, (size[0] // rows, size[1] // columns)))
    return starts
