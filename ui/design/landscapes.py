"""Cached tables, landscapes and searches.

What is asked of the model of random convolutions is the same for all users and kept for all; what
is asked of a picture is kept for its session only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.published import PUBLISHED
from design_core.progress import Progress
from design_core.scaling import Scale
from design_core.scores.distribution import Distribution, maps_distribution, normal_distribution
from design_core.search.block_tables import (
    MAX_LEVELS,
    BlockTables,
    estimate_tables,
    random_convolution_tables,
)
from design_core.search.constraints import Constraints
from design_core.search.find import (
    KernelScore,
    SearchResult,
    find_kernels,
    full_landscape,
    score_kernel,
)
from design_core.search.front import Front, tv_information_front
from design_core.search.landscape import Landscape
from design_core.search.objectives import Objective
from design_core.search.sampling import PlanePoints, SampledScores, plane_points, sample_scores
from design_core.search.scorer import Scorer
from design_core.search.sizes import SizeRow, size_rows
from ui.compute import Scene, maps_of

__all__ = [
    "Judged",
    "Listing",
    "Plane",
    "Question",
    "SearchOrder",
    "distribution_of",
    "normal",
]

# More kernels than this make no readable plane.
_MOST_POINTS = 10_000
_BARS = 80

_HASHES: dict[str | type, Callable[[Any], Any]] = {Scene: lambda scene: scene.content}
_shared = st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=_HASHES)
_of_session = st.cache_resource(
    scope="session", max_entries=16, show_spinner=False, hash_funcs=_HASHES
)
# A landscape of 3×3 takes 40 or 80 MB.
_shared_large = st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=_HASHES)
_of_session_large = st.cache_resource(
    scope="session", max_entries=1, show_spinner=False, hash_funcs=_HASHES
)


@dataclass(frozen=True)
class Listing:
    """The scores of all kernels of a size, or of a sample where they are too many.

    Attributes
    ----------
    whole
        All of them, or None.
    sample
        The sample, or None.
    counts, edges
        The histogram.
    examples
        A kernel of each bar, shape (bars, rows, columns), as levels; None for a sample.
    """

    whole: Landscape | None
    sample: SampledScores | None
    counts: NDArray[np.int64]
    edges: NDArray[np.float64]
    examples: NDArray[np.int64] | None

    @property
    def size(self) -> int:
        """How many kernels were scored."""
        return int(self.counts.sum())


@dataclass(frozen=True)
class Plane:
    """All 2×2 kernels in the plane of total variation and information."""

    front: Front
    points: PlanePoints


@dataclass(frozen=True)
class Judged:
    """A kernel's scores, and where each of its slices stands in the listing."""

    whole: KernelScore
    slices: tuple[KernelScore, ...]
    published: tuple[KernelScore, ...]


@dataclass(frozen=True)
class SearchOrder:
    """What to search for."""

    size: tuple[int, int]
    constraints: Constraints
    slice_rule: str | None = None
    n_slices: int = 1


@dataclass(frozen=True)
class Question:
    """What kernels are scored on, and by what.

    Parameters
    ----------
    scene
        Whose feature maps; None for the model of random binary convolutions.
    form, objective
        See `design_core.search.block_tables.FORMS` and `Objective.parse`.
    levels, scale
        The level set; the scale matters on a picture only.
    """

    scene: Scene | None
    form: str
    objective: str
    levels: tuple[int, ...]
    scale: Scale

    def tables(self) -> BlockTables:
        """Local tables; raises ValueError for levels that have none."""
        if len(self.levels) > MAX_LEVELS:
            raise ValueError(
                f"Kernels are scored on up to {MAX_LEVELS} levels; this one has {len(self.levels)}."
            )
        if self.scene is None:
            if self.scale.name == "custom":
                raise ValueError(
                    "The random model compares whole numbers, and this kernel has thresholds of "
                    "its own. Score it on the picture."
                )
            return _model_tables(self.levels, self.form)
        return _picture_tables(self.scene, self.levels, self.scale, self.form)

    def listing(self, size: tuple[int, int]) -> Listing:
        """Scores of all kernels of a size, or of a sample."""
        if self.scene is None:
            return _model_listing(self.levels, self.form, self.objective, size)
        return _picture_listing(
            self.scene, self.levels, self.scale, self.form, self.objective, size
        )

    def judge(self, kernel: ThresholdKernel) -> Judged:
        """Score a kernel and the published kernels of its size."""
        tables, rows_columns = self.tables(), kernel.shape[1:]
        listed = self.listing(rows_columns).whole

        def scored(one: ThresholdKernel) -> KernelScore:
            return score_kernel(one, tables, objective=self.objective, listed=listed)

        whole = scored(kernel)
        slices = (
            tuple(scored(replace(kernel, levels=one)) for one in kernel.levels)
            if kernel.shape[0] > 1
            else (whole,)
        )
        return Judged(whole, slices, self.published(rows_columns))

    def published(self, size: tuple[int, int]) -> tuple[KernelScore, ...]:
        """The published kernels of one slice, of a size and on these levels, scored."""
        if self.scene is None:
            return _model_published(self.levels, self.form, self.objective, size)
        return _picture_published(
            self.scene, self.levels, self.scale, self.form, self.objective, size
        )

    def plane(self) -> Plane | None:
        """The plane of all 2×2 kernels, or None where they are too many."""
        if len(self.levels) ** 4 > _MOST_POINTS:
            return None
        if self.scene is None:
            return _model_plane(self.levels, self.form)
        return _picture_plane(self.scene, self.levels, self.scale, self.form)

    def find(self, order: SearchOrder, progress: Progress) -> SearchResult:
        """Search, or take the answer from the last time."""
        if self.scene is None:
            answer = _model_answer(self.levels, self.form, self.objective, order)
        else:
            answer = _picture_answer(
                self.scene, self.levels, self.scale, self.form, self.objective, order
            )
        if answer:
            return answer[0]
        found = find_kernels(
            self.tables(),
            order.size,
            objective=self.objective,
            constraints=order.constraints,
            slice_rule=order.slice_rule,
            n_slices=order.n_slices,
            top=12,
            progress=progress,
        )
        # The answer is put in here, not cached by its function: a cached function may not draw,
        # and the progress bar is drawn while it works. One that was stopped is none.
        if not found.stopped:
            answer.append(found)
        return found

    def sizes(self, sides: Sequence[int], progress: Progress) -> list[SizeRow]:
        """What kernels of these sides come to; of a stopped comparison those that are whole."""
        return list(size_rows(self.tables(), sides, progress=progress))


@_shared
def _model_tables(levels: tuple[int, ...], form: str) -> BlockTables:
    return random_convolution_tables(levels, form=form)


@_of_session
def _picture_tables(scene: Scene, levels: tuple[int, ...], scale: Scale, form: str) -> BlockTables:
    maps = maps_of(scene)
    return estimate_tables([maps.x], levels, scale=scale, form=form, source=scene.picture.name)


@_shared_large
def _model_listing(
    levels: tuple[int, ...], form: str, objective: str, size: tuple[int, int]
) -> Listing:
    return _listed(_model_tables(levels, form), objective, size)


@_of_session_large
def _picture_listing(
    scene: Scene,
    levels: tuple[int, ...],
    scale: Scale,
    form: str,
    objective: str,
    size: tuple[int, int],
) -> Listing:
    return _listed(_picture_tables(scene, levels, scale, form), objective, size)


@_shared
def _model_published(
    levels: tuple[int, ...], form: str, objective: str, size: tuple[int, int]
) -> tuple[KernelScore, ...]:
    return _scored_published(_model_tables(levels, form), objective, size)


@_of_session
def _picture_published(
    scene: Scene,
    levels: tuple[int, ...],
    scale: Scale,
    form: str,
    objective: str,
    size: tuple[int, int],
) -> tuple[KernelScore, ...]:
    return _scored_published(_picture_tables(scene, levels, scale, form), objective, size)


def _scored_published(
    tables: BlockTables, objective: str, size: tuple[int, int]
) -> tuple[KernelScore, ...]:
    return tuple(
        score_kernel(kernel, tables, objective=objective)
        for kernel in PUBLISHED.values()
        if kernel.shape == (1, *size) and kernel.level_set == tables.levels
    )


def _listed(tables: BlockTables, objective: str, size: tuple[int, int]) -> Listing:
    whole = full_landscape(tables, size, objective=objective)
    if whole is not None:
        first = np.maximum(0, whole.examples(_BARS))  # bars without a kernel are not seen
        examples = np.array(whole.levels)[whole.ranks(first)]
        return Listing(whole, None, *whole.histogram(_BARS), examples)
    sample = sample_scores(Scorer.of(Objective.parse(objective), tables), size)
    return Listing(None, sample, *sample.histogram(_BARS), None)


@_shared
def _model_plane(levels: tuple[int, ...], form: str) -> Plane:
    return _plane(_model_tables(levels, form))


@_of_session
def _picture_plane(scene: Scene, levels: tuple[int, ...], scale: Scale, form: str) -> Plane:
    return _plane(_picture_tables(scene, levels, scale, form))


def _plane(tables: BlockTables) -> Plane:
    front = tv_information_front(tables)
    return Plane(front, plane_points(front))


@_shared
def _model_answer(
    levels: tuple[int, ...],  # noqa: ARG001
    form: str,  # noqa: ARG001
    objective: str,  # noqa: ARG001
    order: SearchOrder,  # noqa: ARG001
) -> list[SearchResult]:
    return []


@_of_session
def _picture_answer(
    scene: Scene,  # noqa: ARG001
    levels: tuple[int, ...],  # noqa: ARG001
    scale: Scale,  # noqa: ARG001
    form: str,  # noqa: ARG001
    objective: str,  # noqa: ARG001
    order: SearchOrder,  # noqa: ARG001
) -> list[SearchResult]:
    return []


@_shared
def normal() -> Distribution:
    """The normal model."""
    return normal_distribution()


@_of_session
def distribution_of(scene: Scene) -> Distribution:
    """The distribution of a scene's feature maps."""
    return maps_distribution(maps_of(scene).x, title=scene.picture.name)
