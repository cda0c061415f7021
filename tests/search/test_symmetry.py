"""Equivalent kernels against plain enumeration of all arrangements."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from design_core.search.block_tables import estimate_tables, random_convolution_tables
from design_core.search.objectives import LocalScore, Objective, local_score
from design_core.search.symmetry import canonical, class_count, equivalences, necklaces


def score_of(objective: str, *, form: str = "signed") -> LocalScore:
    return local_score(Objective.parse(objective), random_convolution_tables(form=form))


def test_equivalent_kernels_score_alike() -> None:
    ranks = np.random.default_rng(0).integers(0, 6, (30, 9))
    x = np.random.default_rng(1).normal(size=(12, 13)).astype(np.float32)
    skew = local_score(Objective.parse("tv"), estimate_tables([x]))
    for score in (score_of("tv"), score_of("tv-isotropic", form="relu"), skew):
        permutations = equivalences(score, (3, 3))
        sums = score.sums(ranks[:, permutations].reshape(30, -1, 3, 3))
        assert (sums == sums[:, :1]).all()


@pytest.mark.parametrize(
    ("objective", "shape", "size"),
    [("tv", (2, 2), 8), ("tv", (3, 3), 72), ("tv", (2, 3), 12), ("tv-isotropic", (3, 3), 18)],
)
def test_only_symmetries_of_the_table_are_used(
    objective: str, shape: tuple[int, int], size: int
) -> None:
    assert len(equivalences(score_of(objective), shape)) == size


def test_maps_without_symmetry_leave_the_shifts() -> None:
    x = np.random.default_rng(1).normal(size=(12, 13)).astype(np.float32)
    score = local_score(Objective.parse("tv"), estimate_tables([x]))
    assert len(equivalences(score, (3, 3))) == 9


@pytest.mark.parametrize(("objective", "shape"), [("tv", (2, 2)), ("tv-isotropic", (2, 3))])
def test_classes_are_counted_as_by_enumeration(objective: str, shape: tuple[int, int]) -> None:
    score = score_of(objective).restricted(np.array([0, 2, 4]))
    permutations = equivalences(score, shape)
    kernels = np.array(list(itertools.product(range(3), repeat=shape[0] * shape[1])))
    classes = np.unique(canonical(kernels, permutations), axis=0)
    assert class_count(3, permutations) == len(classes)


def test_the_canonical_kernel_is_the_first_of_its_class() -> None:
    permutations = equivalences(score_of("tv"), (2, 2))
    kernels = np.random.default_rng(3).integers(0, 6, (40, 4))
    for kernel, first in zip(kernels, canonical(kernels, permutations), strict=True):
        assert tuple(first) == min(tuple(kernel[p]) for p in permutations)


def test_necklaces_stand_for_all_rows() -> None:
    rows = np.array(list(itertools.product(range(3), repeat=4)))
    starts, sizes, classes = necklaces(rows)
    assert sizes.sum() == len(rows)
    assert np.array_equal(np.bincount(classes), sizes)
    assert np.array_equal(classes[starts], np.arange(len(starts)))
    assert len(starts) == 24  # (3⁴ + 3² + 3 + 3) / 4
    for start, size in zip(starts, sizes, strict=True):
        shifts = {tuple(np.roll(rows[start], step)) for step in range(4)}
        assert len(shifts) == size
        assert tuple(rows[start]) == min(shifts)
