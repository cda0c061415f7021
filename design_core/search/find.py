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
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.extras import missing_extra
from design_core.kernels.kernel import MAX_SIDE, ThresholdKernel
from design_core.kernels.published import PUBLISHED
from design_core.progress import Progress, StoppedError, no_progress
from design_core.search.block_tables import BlockTables
from design_core.search.constraints import Constraints
from design_core.search.found import Found
from design_core.search.landscape import MAX_KERNELS, Landscape, list_landscape
from design_core.search.objectives import Objective
from design_core.search.scorer import Scorer, slice_places
from design_core.search.symmetry import class_count

__all__ = ["KernelScore", "SearchResult", "find_kernels", "full_landscape", "score_kernel"]

Ranks = NDArray[np.uint8]

_LARGEST_FULL = 2**24  # kernels that are listed in one go: 3×3 on six levels
_MOST_SYMMETRIC = 16  # sides beyond which equivalent kernels are not counted


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
        Edges per pixel (of the form of the tables), bits per pixel, P(bit = 1).
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
    >>> from design_core.search.block_tables import random_convolution_tables
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
    else:
        from design_core.search.large import search_large  # needs numba

        found = search_large(scorer, size, limits, top=top, seed=seed, progress=watched)
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


def _by_enumeration(
    scorer: Scorer, size: tuple[int, int], limits: Constraints, top: int, progress: Progress
) -> Found:
    listed = list_landscape(scorer, size, constraints=limits, progress=progress)
    best = listed.best(top)
    top_sum = int(scorer.sums(best[0]))
    if not listed.complete:
        bound = _bound_of_the_rest(scorer, size)
        return Found("enumeration", best, exact=False, bound=bound, evaluated=listed.size)
    return Found(
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


def _bound_of_the_rest(scorer: Scorer, size: tuple[int, int]) -> float | None:
    """What no kernel exceeds, after a listing that was stopped; None without numba."""
    try:
        from design_core.search.large import upper_bound
    except ModuleNotFoundError as error:
        missing_extra(error)  # raises what is no missing extra
        return None
    return upper_bound(scorer, size, no_progress)
