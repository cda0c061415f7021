"""Find the best threshold kernels of a size, and say how sure that is and what it is worth.

The way is chosen by what is asked:

- ``enumeration``: every admissible kernel is scored (2×2, 3×3, or more under a symmetry). Exact.
- ``transfer``: the largest closed walks over rows (`is_feasible`: on six levels up to 7×7 by total
  variation, 6×6 by information). Exact, with a certificate. A limit on the number of levels is met
  by searching each choice of levels; under limits on means or a symmetry, kernels are traced in
  descending order until the best within the limits is proven.
- ``ascent``: coordinate ascent. Exact where it reaches the upper bound that is found beside it.

A search can be stopped at any time and then gives the best kernels so far.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.kernels.kernel import MAX_SIDE, ThresholdKernel
from design_core.kernels.published import PUBLISHED
from design_core.progress import Progress, StoppedError, no_progress, part_of
from design_core.search.ascent import ascend
from design_core.search.bounds import score_bound
from design_core.search.constraints import Constraints
from design_core.search.landscape import MAX_KERNELS, Landscape, list_landscape
from design_core.search.limited import Limit, best_within
from design_core.search.objectives import LocalScore, Objective
from design_core.search.scorer import Scorer, slice_places
from design_core.search.symmetry import class_count
from design_core.search.tables import BlockTables
from design_core.search.transfer import Optimum, find_optimum, is_feasible

__all__ = ["KernelScore", "SearchResult", "find_kernels", "full_landscape", "score_kernel"]

Ranks = NDArray[np.uint8]

_LARGEST_FULL = 2**24  # kernels that are listed in one go: 3×3 on six levels
_MOST_SYMMETRIC = 16  # sides beyond which equivalent kernels are not counted
_LARGEST_TILED = 2**17  # smaller kernels whose landscape is searched for a start of the ascent

# The finished fraction when a search turns to the worst kernel; to a bound; to tracing kernels.
_WORST = 0.6
_PROVING = 0.4
_TRACING = 0.5


@dataclass(frozen=True)
class KernelScore:
    """A kernel and what it scores on some tables.

    Attributes
    ----------
    kernel
        All slices.
    score
        Of the objective, mean over the slices.
    rank, ties
        1 for the best of all kernels of the size, and how many kernels share the score, itself
        included; None where the landscape was not listed.
    tv, information, density
        Flips per pixel (of the form of the tables), bits per pixel, P(bit = 1).
    shuffled
        The score on the same pixels in random order: what of it no picture is needed for.
    """

    kernel: ThresholdKernel
    score: float
    rank: int | None
    ties: int | None
    tv: float
    information: float
    density: float
    shuffled: float

    @property
    def ignores_picture(self) -> bool:
        """Whether the bits are nearly the same whatever x is: below 0.1 bits per pixel."""
        return self.information < 0.1

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        plain = {name: value for name, value in vars(self).items() if name != "kernel"}
        described = {**self.kernel.to_dict(), "text": str(self.kernel)}
        return {"kernel": described, **plain, "ignores_picture": self.ignores_picture}


@dataclass(frozen=True)
class SearchResult:
    """The answer of a search, with all that is needed to judge it.

    Attributes
    ----------
    objective, form, source, size, slices, constraints
        What was asked.
    best
        Best first, one of each class of equivalent kernels.
    worst
        The kernel of lowest score; None when it was not sought.
    ties, tied_classes
        How many kernels share the best score, and how many when equivalent ones (cyclic shifts,
        and reflections where the tables are symmetric) count once; None where unknown.
    kernels, classes
        How many admissible kernels there are, and up to equivalence; None where unknown.
    evaluated
        How many kernels were scored, one by one or by proof.
    exact
        Whether the best score is proven.
    stopped
        Whether the search was ended early.
    bound
        No kernel scores more; equal to the best score when exact, None where none is known.
    method
        ``enumeration``, ``transfer`` or ``ascent``.
    uniform_ties
        Whether a kernel of one level throughout, plain Sign at that level, shares the best score.
    published
        The published kernels of this size and these slices.
    seconds
        How long the search took.
    """

    objective: str
    form: str
    source: str
    size: tuple[int, int]
    slices: int
    constraints: Constraints
    best: tuple[KernelScore, ...]
    worst: KernelScore | None
    ties: int | None
    tied_classes: int | None
    kernels: int | None
    classes: int | None
    evaluated: int
    exact: bool
    stopped: bool
    bound: float | None
    method: str
    uniform_ties: bool
    published: tuple[KernelScore, ...]
    seconds: float

    @property
    def score(self) -> float:
        """The best score."""
        return self.best[0].score

    def findings(self) -> list[str]:
        """What a reader must know before taking the best kernel, in plain sentences."""
        return [*self._certainty(), *self._ties(), *self._content(), *self._published()]

    def _certainty(self) -> list[str]:
        if self.exact:
            how = {
                "enumeration": "all were scored",
                "transfer": "by the largest walks over all rows",
                "ascent": "it reaches an upper bound",
            }
            return [f"Proven best for this source, form and objective ({how[self.method]})."]
        found = "Found by ascent, which proves nothing"
        if self.stopped:
            found = "Stopped before the end: the best so far"
        if self.bound is None:
            return [f"{found}; no bound is known."]
        gap = self.bound - self.score
        return [f"{found}; no kernel scores more than {self.bound:.6f}, which is {gap:.2g} above."]

    def _ties(self) -> list[str]:
        if self.ties is None or self.ties == 1:
            return []
        among = f" of {self.kernels:,}" if self.kernels else ""
        classes = (
            f" ({self.tied_classes:,} after shifts and reflections)" if self.tied_classes else ""
        )
        sign = ", Sign at a single level among them" if self.uniform_ties else ""
        return [f"{self.ties:,}{among} kernels share this score{classes}{sign}."]

    def _content(self) -> list[str]:
        best = self.best[0]
        found = []
        if best.ignores_picture:
            found.append(
                "The best kernel all but ignores the picture: its bits keep "
                f"{best.information:.3f} bits per pixel of it."
            )
        if self.objective in ("tv", "tv-isotropic"):
            order = f"With the pixels in random order it scores {best.shuffled:.4f}"
            if abs(best.shuffled - best.score) <= 0.01 * best.score:
                found.append(f"{order}, the same: this score tells nothing about the picture.")
            elif best.shuffled > best.score:
                found.append(f"{order}: noise would score more than the picture does.")
        return found

    def _published(self) -> list[str]:
        placed = [
            f"{scored.kernel.name} {scored.score:.4f}"
            + (f" (rank {scored.rank:,})" if scored.rank else "")
            for scored in self.published
        ]
        return [f"Published kernels of this size: {', '.join(placed)}."] if placed else []

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        plain = dict(vars(self))
        plain["constraints"] = vars(self.constraints)
        plain["best"] = [scored.to_dict() for scored in self.best]
        plain["worst"] = self.worst.to_dict() if self.worst else None
        plain["published"] = [scored.to_dict() for scored in self.published]
        return {**plain, "score": self.score, "findings": self.findings()}


def find_kernels(
    tables: BlockTables,
    size: tuple[int, int],
    *,
    objective: Objective | str = "tv",
    constraints: Constraints | None = None,
    slice_rule: str | None = None,
    n_slices: int = 1,
    top: int = 10,
    seed: int = 0,
    progress: Progress = no_progress,
) -> SearchResult:
    """Search the kernels of one size for the highest scores.

    Parameters
    ----------
    tables
        What is scored on, in which form, on which levels.
    size
        Rows and columns, 1 to 64.
    objective
        See `Objective`.
    constraints
        Limits on the kernel, or on the first slice of several.
    slice_rule, n_slices
        For 3D kernels that follow from their first slice (`slice_places`): the score is the mean
        over the slices.
    top
        How many kernels to return, one of each class of equivalent ones.
    seed
        Of the ascent.
    progress
        See `Progress`. `StoppedError`, which it then goes on raising, ends the search with the best
        kernels so far.

    Raises
    ------
    ValueError
        A size out of range, or constraints that no kernel satisfies.

    Examples
    --------
    >>> from design_core.search.tables import random_convolution_tables
    >>> result = find_kernels(random_convolution_tables(form="relu"), (2, 2))
    >>> str(result.best[0].kernel), round(result.score, 6), result.ties
    ('0 9;9 0', 1.996094, 2)
    """
    if not all(1 <= side <= MAX_SIDE for side in size):
        raise ValueError(f"A kernel has 1 to {MAX_SIDE} rows and columns; got {size[0]}×{size[1]}.")
    if top < 1:
        raise ValueError(f"A search returns at least one kernel; got {top}.")
    begun = time.perf_counter()
    parsed = Objective.parse(objective) if isinstance(objective, str) else objective
    limits = constraints or Constraints()
    judge = _Judge(tables, parsed, slice_places(len(tables.levels), slice_rule, n_slices))
    scorer = judge.scorer.restricted(limits.levels or tables.levels)
    watched = _Watched(progress)
    if n_listed(len(scorer.levels), size, limits) <= _most_listed(limits):
        found = _by_enumeration(scorer, size, limits, top, watched)
    elif _by_levels_alone(limits) and parsed.local and is_feasible(scorer.local, size):
        found = _by_transfer(scorer, size, limits, top, watched)
    else:
        found = _by_ascent(scorer, size, limits, seed, watched)
    listed = found.listed
    scored = [judge.score(judge.place(scorer, kernel), listed) for kernel in found.kernels]
    best_sum = int(scorer.sums(found.kernels[0]))
    uniform = [np.full(size, rank, dtype=np.uint8) for rank in range(len(scorer.levels))]
    return SearchResult(
        objective=str(parsed),
        form=tables.form,
        source=tables.source,
        size=size,
        slices=n_slices,
        constraints=limits,
        best=tuple(scored),
        worst=judge.score(judge.place(scorer, found.worst), listed)
        if found.worst is not None
        else None,
        ties=found.ties,
        tied_classes=listed.tied_classes(best_sum) if listed else None,
        kernels=found.count,
        classes=_classes(scorer, size, limits),
        evaluated=found.evaluated,
        exact=found.exact,
        stopped=watched.stopped,
        bound=found.bound,
        method=found.method,
        uniform_ties=any(best_sum - int(scorer.sums(k)) <= scorer.tolerance for k in uniform),
        published=judge.published(size, listed),
        seconds=time.perf_counter() - begun,
    )


def score_kernel(
    kernel: ThresholdKernel,
    tables: BlockTables,
    *,
    objective: Objective | str = "tv",
    listed: Landscape | None = None,
) -> KernelScore:
    """Score a kernel: the mean over its slices, and its rank where the size can be listed.

    Parameters
    ----------
    kernel
        Its levels must be levels of the tables.
    listed
        The landscape of single slices of this size, see `full_landscape`; a kernel of one slice
        gets a rank in it.

    Raises
    ------
    ValueError
        Levels that the tables do not have.
    """
    parsed = Objective.parse(objective) if isinstance(objective, str) else objective
    judge = _Judge(tables, parsed, slice_places(len(tables.levels)))
    return judge.score(_ranks_in(kernel, tables), listed, name=kernel.name)


def full_landscape(
    tables: BlockTables, size: tuple[int, int], *, objective: Objective | str = "tv"
) -> Landscape | None:
    """The landscape of all kernels of one slice of a size, or None if they are too many to list."""
    parsed = Objective.parse(objective) if isinstance(objective, str) else objective
    scorer = Scorer.of(parsed, tables)
    listable = n_listed(len(tables.levels), size, Constraints()) <= _LARGEST_FULL
    return list_landscape(scorer, size) if listable else None


def n_listed(n_levels: int, size: tuple[int, int], limits: Constraints) -> int:
    """How many kernels an enumeration goes through."""
    return int(n_levels ** (int(limits.cell_orbits(size).max()) + 1))


def _most_listed(limits: Constraints) -> int:
    return _LARGEST_FULL if limits.symmetry is None else MAX_KERNELS


def _by_levels_alone(limits: Constraints) -> bool:
    """Whether the limits are met by choosing levels, so that the transfer matrix can search."""
    return (limits.symmetry, limits.density, limits.balance) == (None, None, None)


def _classes(scorer: Scorer, size: tuple[int, int], limits: Constraints) -> int | None:
    """How many kernels there are up to equivalence; None under limits that cut classes."""
    if limits.by_cell or limits.symmetry is not None or min(size) > _MOST_SYMMETRIC:
        return None
    return class_count(len(scorer.levels), scorer.equivalences(size))


def _ranks_in(kernel: ThresholdKernel, tables: BlockTables) -> NDArray[np.int64]:
    """Level ranks of all slices, shape (s, d1, d2)."""
    strangers = sorted(set(kernel.levels.ravel().tolist()) - set(tables.levels))
    if strangers:
        raise ValueError(
            f"The kernel uses level {strangers[0]}, and the tables have levels {tables.levels}."
        )
    return np.searchsorted(tables.levels, kernel.levels)


class _Watched:
    """Passes progress on, and notes whether that has stopped the search."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self.stopped = progress, False

    def __call__(self, fraction: float | None, message: str) -> None:
        try:
            self._progress(fraction, message)
        except StoppedError:
            self.stopped = True
            raise


class _Judge:
    """Scores kernels of given slices on the source and on its shuffled pixels."""

    def __init__(
        self, tables: BlockTables, objective: Objective, places: NDArray[np.int64]
    ) -> None:
        self.tables, self.places = tables, places
        self.scorer = Scorer.of(objective, tables, slices=places)
        self._plain = Scorer.of(objective, tables)
        self._shuffled = Scorer.of(objective, tables.independent())
        self._tv = Scorer.of(Objective.parse("tv"), tables)
        self._information = Scorer.of(Objective.parse("information"), tables)

    def place(self, scorer: Scorer, ranks: Ranks) -> NDArray[np.int64]:
        """From ranks among some of the levels in a first slice to ranks of all slices."""
        first = np.array([self.tables.levels.index(level) for level in scorer.levels])[ranks]
        return np.stack([of_slice[first] for of_slice in self.places])

    def score(
        self, ranks: NDArray[np.int64], listed: Landscape | None, *, name: str = ""
    ) -> KernelScore:
        """Score a kernel given by the ranks of all its slices."""
        tables = self.tables
        kernel = ThresholdKernel(np.array(tables.levels)[ranks], tables.levels, tables.scale, name)
        rank, ties = self._position(ranks, listed)
        return KernelScore(
            kernel=kernel,
            score=_over_slices(self._plain, ranks),
            rank=rank,
            ties=ties,
            tv=_over_slices(self._tv, ranks),
            information=_over_slices(self._information, ranks),
            density=float(tables.density[ranks].mean()),
            shuffled=_over_slices(self._shuffled, ranks),
        )

    def _position(
        self, ranks: NDArray[np.int64], listed: Landscape | None
    ) -> tuple[int | None, int | None]:
        """Rank and ties in a landscape, if it is one of kernels that follow the same rule."""
        if listed is None or len(ranks) != len(self.places):
            return None, None
        levels = [self.tables.levels[rank] for rank in np.unique(ranks[0])]
        follows = all((ranks[s] == p[ranks[0]]).all() for s, p in enumerate(self.places))
        if not follows or not set(levels) <= set(listed.levels):
            return None, None
        keep = np.array([self.tables.levels.index(level) for level in listed.levels])
        within = np.searchsorted(keep, ranks[0])
        return listed.position(within) if listed.admits(within) else (None, None)

    def published(self, size: tuple[int, int], listed: Landscape | None) -> tuple[KernelScore, ...]:
        """The published kernels of this size and number of slices, on these levels."""
        return tuple(
            self.score(_ranks_in(kernel, self.tables), listed, name=name)
            for name, kernel in PUBLISHED.items()
            if kernel.shape == (len(self.places), *size)
            and set(kernel.level_set) <= set(self.tables.levels)
        )


def _over_slices(scorer: Scorer, ranks: NDArray[np.int64]) -> float:
    if scorer.is_local:
        return float(scorer.scores(ranks).mean())
    # The correlation is that of all maps together: one mean density, one covariance.
    density, partial = scorer.density[ranks].mean(), scorer.partial_mean[ranks].mean()
    others = scorer.local.scores(ranks).mean()
    if scorer.window is not None:
        others += scorer.objective.weight("psnr") * scorer.window.psnr(ranks).mean()
    sums = scorer.with_correlation(others, np.asarray(density), np.asarray(partial))
    return float(sums * scorer.unit((ranks.shape[-2], ranks.shape[-1])))


@dataclass(frozen=True, eq=False)
class _Found:
    """What each way of searching returns; level ranks among the scorer's levels."""

    method: str
    kernels: Sequence[Ranks]
    exact: bool
    bound: float | None
    evaluated: int
    worst: Ranks | None = None
    ties: int | None = None
    count: int | None = None
    listed: Landscape | None = None


def _by_enumeration(
    scorer: Scorer, size: tuple[int, int], limits: Constraints, top: int, progress: Progress
) -> _Found:
    listed = list_landscape(scorer, size, constraints=limits, progress=progress)
    best = listed.best(top)
    top_sum = int(scorer.sums(best[0]))
    if not listed.complete:
        bound = _upper_bound(scorer, size, no_progress)
        return _Found("enumeration", best, exact=False, bound=bound, evaluated=listed.size)
    return _Found(
        method="enumeration",
        kernels=best,
        exact=True,
        bound=top_sum * scorer.unit(size),
        evaluated=listed.size,
        worst=listed.worst()[0],
        ties=listed.ties(top_sum),
        count=listed.size,
        listed=listed,
    )


def _by_transfer(
    scorer: Scorer, size: tuple[int, int], limits: Constraints, top: int, progress: Progress
) -> _Found:
    n_levels = len(scorer.levels)
    most = min(limits.max_distinct or n_levels, n_levels)
    highest = _transfer_within(scorer.local, size, most, top, part_of(progress, 0, _WORST))
    if not highest.proven:
        bound = _upper_bound(scorer, size, no_progress)
        scored = len(highest.kernels)
        return _Found("transfer", highest.kernels, exact=False, bound=bound, evaluated=scored)
    lowest = _transfer_within(
        scorer.local.negated(), size, most, 1, part_of(progress, _WORST, 1), count_ties=False
    )
    cells = size[0] * size[1]
    count = sum(_kernels_of_exactly(k, cells) * comb(n_levels, k) for k in range(1, most + 1))
    return _Found(
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


def _by_ascent(
    scorer: Scorer, size: tuple[int, int], limits: Constraints, seed: int, progress: Progress
) -> _Found:
    best, scored = ascend(
        scorer,
        size,
        constraints=limits,
        starts=_tiled_starts(scorer, size),
        seed=seed,
        progress=part_of(progress, 0, _PROVING),
    )
    method, score = "ascent", float(scorer.scores(best))
    bound = _upper_bound(scorer, size, part_of(progress, _PROVING, _TRACING))
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
    return _Found(method, [best], exact=exact, bound=score if exact else bound, evaluated=scored)


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


def _upper_bound(scorer: Scorer, size: tuple[int, int], progress: Progress) -> float | None:
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
