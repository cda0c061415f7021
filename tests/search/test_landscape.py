"""Landscapes against published ranks, kernel-by-kernel sums and direct simulation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from design_core.kernels.kernel import OMEGA, tile
from design_core.pictures.feature_maps import standardize
from design_core.search.block_tables import estimate_tables, random_convolution_tables
from design_core.search.constraints import Constraints
from design_core.search.landscape import Landscape, list_landscape
from design_core.search.objectives import Objective
from design_core.search.scorer import Scorer


def landscape_of(
    objective: str, shape: tuple[int, int], *, form: str = "signed", **limits: object
) -> Landscape:
    scorer = Scorer.of(Objective.parse(objective), random_convolution_tables(form=form))
    return list_landscape(scorer, shape, constraints=Constraints(**limits))


def ranks_of(text: str) -> np.ndarray:
    rows = [[int(number) for number in row.split()] for row in text.split(";")]
    return np.searchsorted(OMEGA, rows)


def test_the_signed_objective_is_degenerate() -> None:
    listed = landscape_of("tv", (2, 2))
    best = int(listed.scorer.sums(listed.best()[0]))
    assert best * listed.unit == 1.0
    assert listed.ties(best) == 272
    assert listed.position(ranks_of("0 0;0 0")) == (1, 272)
    assert listed.position(ranks_of("1 1;3 3"))[0] == 273
    score = float(listed.scorer.scores(ranks_of("1 1;3 3")))
    assert score == pytest.approx(0.939438, abs=5e-7)


def test_after_relu_a_checkerboard_wins() -> None:
    listed = landscape_of("tv", (2, 2), form="relu")
    assert listed.best()[0].tolist() == [[0, 5], [5, 0]]
    for text, score, rank in (
        ("9 0;0 9", 1.996094, 1),
        ("1 1;3 3", 0.939438, 692),
        ("1 1;0 3", 1.123047, 209),
    ):
        assert float(listed.scorer.scores(ranks_of(text))) == pytest.approx(score, abs=5e-7)
        assert listed.position(ranks_of(text))[0] == rank


@pytest.mark.parametrize("objective", ["tv", "tv-isotropic", "information", "tv + correlation"])
@pytest.mark.parametrize("form", ["signed", "relu"])
def test_a_3x3_landscape_equals_sums_kernel_by_kernel(objective: str, form: str) -> None:
    listed = landscape_of(objective, (3, 3), form=form)
    assert listed.size == 10_077_696
    places = np.random.default_rng(0).integers(0, listed.size, 2000)
    difference = listed.sums[places] - listed.scorer.sums(listed.ranks(places))
    assert np.abs(difference).max() <= listed.scorer.tolerance


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (2, 3), (3, 2)])
def test_other_sizes_equal_sums_kernel_by_kernel(shape: tuple[int, int]) -> None:
    listed = landscape_of("tv-isotropic", shape, form="relu")
    every = np.array(list(itertools.product(range(6), repeat=shape[0] * shape[1])))
    assert (listed.ranks(np.arange(listed.size)).reshape(every.shape) == every).all()
    assert (listed.sums == listed.scorer.sums(every.reshape(-1, *shape))).all()


def test_scores_agree_with_direct_simulation_of_random_convolutions() -> None:
    random = np.random.default_rng(9)
    listed = landscape_of("tv", (2, 2), form="relu")
    places = random.integers(0, listed.size, 12)
    levels = np.array(OMEGA)[listed.ranks(places)]
    totals = np.zeros((len(places), 60))
    for draw in range(60):
        picture = 2 * random.integers(0, 2, (66, 66)) - 1
        weights = 2 * random.integers(0, 2, (3, 3)) - 1
        windows = np.lib.stride_tricks.sliding_window_view(picture, (3, 3))
        x = np.maximum((windows * weights).sum(axis=(-2, -1)), 0)
        for place, kernel in enumerate(levels):
            bits = (x >= tile(kernel[None], 1, 64, 64)[0]).astype(float)
            flips = np.abs(np.diff(bits, axis=0)).mean() + np.abs(np.diff(bits, axis=1)).mean()
            totals[place, draw] = flips
    error = totals.std(axis=1) / 60**0.5 + 1e-3
    assert (np.abs(totals.mean(axis=1) - listed.scores()[places]) < 5 * error).all()


def test_ties_ranks_and_histogram_equal_brute_force() -> None:
    x = standardize(np.random.default_rng(2).normal(size=(3, 20, 20)))
    scorer = Scorer.of(Objective.parse("tv"), estimate_tables([x]))
    listed = list_landscape(scorer, (2, 2))
    sums = np.array([int(scorer.sums(kernel)) for kernel in listed.ranks(np.arange(listed.size))])
    for place in (0, 77, 500):
        kernel = listed.ranks(np.array([place]))[0]
        position = (int((sums > sums[place]).sum()) + 1, int((sums == sums[place]).sum()))
        assert listed.position(kernel) == position
    counts, edges = listed.histogram(7)
    assert (counts == np.histogram(sums * listed.unit, edges)[0]).all()
    assert edges[[0, -1]] == pytest.approx([sums.min() * listed.unit, sums.max() * listed.unit])
    part = np.minimum(np.searchsorted(edges[1:], sums * listed.unit, side="right"), 6)
    first = [int(np.flatnonzero(part == k)[0]) if (part == k).any() else -1 for k in range(7)]
    assert listed.examples(7).tolist() == first


@pytest.mark.parametrize("top", [1, 5, 40])
def test_the_best_are_distinct_classes_in_order(top: int) -> None:
    listed = landscape_of("tv", (2, 2), form="relu")
    best = listed.best(top)
    sums = [int(listed.scorer.sums(kernel)) for kernel in best]
    assert len(best) == top
    assert sums == sorted(sums, reverse=True)
    # Against all kernels, sorted by score and grouped by hand.
    groups: dict[tuple[int, ...], int] = {}
    for kernel in listed.ranks(np.arange(listed.size)):
        group = min(
            tuple(np.roll(turned, (i, j), axis=(0, 1)).ravel().tolist())
            for turned in (kernel, kernel.T)
            for i, j in itertools.product(range(2), repeat=2)
        )
        groups[group] = int(listed.scorer.sums(kernel))
    assert len(groups) == 231
    assert sums == sorted(groups.values(), reverse=True)[:top]


def test_tied_classes_count_equivalent_kernels_once() -> None:
    listed = landscape_of("tv", (2, 2), form="relu")
    top = int(listed.scorer.sums(listed.best()[0]))
    assert (listed.ties(top), listed.tied_classes(top)) == (2, 1)


def test_constraints_leave_the_kernels_that_satisfy_them() -> None:
    everything = landscape_of("tv", (2, 2), form="relu")
    ranks = everything.ranks(np.arange(everything.size))
    density = everything.scorer.density[ranks].mean(axis=(1, 2))
    distinct = np.array([len(set(kernel.ravel().tolist())) for kernel in ranks])
    for limits, good in (
        ({"density": (0.2, 0.4)}, (density >= 0.2) & (density <= 0.4)),
        ({"max_distinct": 2}, distinct <= 2),
        ({"symmetry": "transpose"}, ranks[:, 0, 1] == ranks[:, 1, 0]),
        ({"symmetry": "half-turn", "max_distinct": 1}, distinct == 1),
    ):
        listed = landscape_of("tv", (2, 2), form="relu", **limits)
        assert sorted(listed.sums.tolist()) == sorted(everything.sums[good].tolist())
        assert int(listed.sums.max()) == int(listed.scorer.sums(listed.best()[0]))
        assert int(listed.sums.min()) == int(listed.scorer.sums(listed.worst()[0]))
        for place in range(0, everything.size, 97):
            assert listed.admits(ranks[place]) == good[place]


def test_balance_needs_levels_below_zero() -> None:
    levels = (-3, -1, 1, 3)
    scorer = Scorer.of(Objective.parse("tv"), random_convolution_tables(levels))
    listed = list_landscape(scorer, (2, 2), constraints=Constraints(balance=0))
    kernels = np.array(levels)[listed.ranks(np.arange(listed.size))]
    assert (kernels.sum(axis=(1, 2)) == 0).all()
    assert listed.size == sum(sum(kernel) == 0 for kernel in itertools.product(levels, repeat=4))
    with pytest.raises(ValueError, match="No kernel satisfies"):
        landscape_of("tv", (2, 2), levels=None, balance=0, max_distinct=1, density=(0.1, 0.11))


def test_what_cannot_be_listed_is_refused() -> None:
    with pytest.raises(ValueError, match="2,821,109,907,456 entries"):
        landscape_of("tv", (4, 4))
    with pytest.raises(ValueError, match="does not satisfy"):
        landscape_of("tv", (2, 2), max_distinct=1).position(ranks_of("1 1;3 3"))


def test_an_exception_of_the_progress_callback_stops_the_listing() -> None:
    class StoppedError(Exception):
        pass

    def stop(_fraction: float, _message: str) -> None:
        raise StoppedError

    scorer = Scorer.of(Objective.parse("tv"), random_convolution_tables())
    with pytest.raises(StoppedError):
        list_landscape(scorer, (3, 3), constraints=Constraints(max_distinct=2), progress=stop)
