"""Searches as a whole: the way that is chosen, what is reported, three-dimensional kernels."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from design_core.kernels.kernel import OMEGA, ThresholdKernel
from design_core.kernels.published import PUBLISHED
from design_core.progress import StoppedError, no_progress
from design_core.search.block_tables import random_convolution_tables
from design_core.search.bounds import score_bound
from design_core.search.constraints import Constraints
from design_core.search.find import find_kernels, full_landscape, score_kernel
from design_core.search.front import front_slices, pareto_places, tv_information_front
from design_core.search.landscape import list_landscape
from design_core.search.objectives import Objective
from design_core.search.scorer import Scorer

SIGNED = random_convolution_tables()
RELU = random_convolution_tables(form="relu")


def test_the_signed_answer_says_that_it_is_degenerate() -> None:
    result = find_kernels(SIGNED, (2, 2))
    assert (result.method, result.exact, result.score) == ("enumeration", True, 1.0)
    assert (result.ties, result.kernels, result.classes) == (272, 1296, 231)
    assert result.uniform_ties
    assert result.best[0].shuffled == pytest.approx(result.score)
    text = " ".join(result.findings())
    assert "272 of 1,296 kernels share this score" in text
    assert "tells nothing about the picture" in text
    assert "2x2-v2 0.9394 (rank 273)" in text


def test_the_answer_after_relu_says_that_it_ignores_the_picture() -> None:
    result = find_kernels(RELU, (2, 2), top=3)
    assert str(result.best[0].kernel) == "0 9;9 0"
    assert result.best[0].ignores_picture
    assert not result.uniform_ties
    assert any("ignores the picture" in sentence for sentence in result.findings())
    ranks = {scored.kernel.name: scored.rank for scored in result.published}
    assert (ranks["2x2-v2"], ranks["2x2-v1"]) == (692, 209)
    assert [scored.rank for scored in result.best] == [1, 3, 7]


def test_classes_are_counted_beyond_listing() -> None:
    result = find_kernels(RELU, (4, 4), constraints=Constraints(levels=(0, 9)))
    assert (
        result.classes == find_kernels(RELU, (4, 4), constraints=Constraints(levels=(1, 5))).classes
    )
    whole = find_kernels(RELU, (3, 4), constraints=Constraints(levels=(0, 3, 9)))
    assert whole.classes is not None
    assert whole.classes >= 3**12 / (12 * 4)


def test_results_are_plain_data() -> None:
    for size in ((2, 2), (4, 4)):
        result = find_kernels(RELU, size, constraints=Constraints(levels=(1, 9)), top=2)
        plain = json.loads(json.dumps(result.to_dict()))
        assert {"best", "score", "ties", "evaluated", "exact", "seconds"} <= set(plain)
        kernel = {k: v for k, v in plain["best"][0]["kernel"].items() if k != "text"}
        assert ThresholdKernel.from_dict(kernel) == result.best[0].kernel


@pytest.mark.parametrize("most", [1, 2, 3])
@pytest.mark.parametrize("tables", [SIGNED, RELU])
def test_a_limit_on_distinct_levels_equals_enumeration(most: int, tables: object) -> None:
    limits = Constraints(max_distinct=most, levels=(0, 1, 5, 9))
    scorer = Scorer.of(Objective.parse("tv"), tables).restricted((0, 1, 5, 9))
    size = (3, 3)
    listed = list_landscape(scorer, size, constraints=Constraints(max_distinct=most))
    result = find_kernels(tables, size, constraints=limits)
    assert result.method == "enumeration"
    # The same by the transfer matrix, which `find_kernels` takes for larger sizes.
    from design_core.search.large import by_transfer

    found = by_transfer(scorer, size, limits, 4, no_progress)
    assert found.bound == pytest.approx(result.score)
    assert found.ties == listed.ties(int(listed.sums.max())) == result.ties
    assert found.count == listed.size
    sums = [int(scorer.sums(kernel)) for kernel in found.kernels]
    assert sums[0] == int(listed.sums.max())
    assert sums == sorted(sums, reverse=True)


def test_symmetric_kernels_are_enumerated_beyond_the_full_landscape() -> None:
    limits = Constraints(symmetry="half-turn", levels=(0, 3, 9))
    result = find_kernels(RELU, (4, 4), constraints=limits)
    assert (result.method, result.kernels) == ("enumeration", 3**8)
    best = result.best[0].kernel
    assert best == best.rotated(2)


def test_a_density_of_a_large_kernel_is_met_and_proven() -> None:
    limits = Constraints(levels=(0, 3, 9), density=(0.3, 0.4))
    result = find_kernels(RELU, (5, 5), constraints=limits)
    assert (result.method, result.exact, result.worst) == ("transfer", True, None)
    best = result.best[0]
    assert 0.3 <= best.density <= 0.4
    assert set(best.kernel.levels.ravel().tolist()) <= {0, 3, 9}
    assert result.score == result.bound
    assert find_kernels(RELU, (5, 5), constraints=limits).best == result.best  # the seed decides


def test_ascent_claims_to_be_exact_only_at_the_bound() -> None:
    limits = Constraints(levels=(0, 3, 9))
    even = find_kernels(RELU, (12, 12), constraints=limits)
    assert (even.method, even.exact) == ("ascent", True)
    assert even.score == even.bound == pytest.approx(1.996094, abs=5e-7)
    assert "it reaches an upper bound" in even.findings()[0]
    odd = find_kernels(RELU, (13, 13), constraints=limits)  # where no checkerboard fits
    assert (odd.method, odd.exact, odd.worst) == ("ascent", False, None)
    assert odd.score < odd.bound
    assert "proves nothing" in odd.findings()[0]


def test_ascent_keeps_symmetry_and_finds_the_checkerboard() -> None:
    result = find_kernels(RELU, (6, 6), constraints=Constraints(symmetry="transpose"))
    assert result.score == pytest.approx(1.996094, abs=5e-7)
    assert result.exact
    assert result.best[0].kernel == result.best[0].kernel.transposed()


@pytest.mark.parametrize(
    ("size", "limits"),
    [
        ((4, 4), Constraints(symmetry="half-turn")),
        ((4, 4), Constraints()),
        ((5, 5), Constraints(density=(0.3, 0.4), levels=(0, 3, 9))),
        ((13, 13), Constraints(levels=(0, 3, 9))),
    ],
)
def test_a_search_that_is_stopped_says_so(size: tuple[int, int], limits: Constraints) -> None:
    def stop(_fraction: float | None, _message: str) -> None:
        raise StoppedError

    result = find_kernels(RELU, size, constraints=limits, progress=stop)
    assert result.stopped
    if not result.exact:
        assert (result.worst, result.ties) == (None, None)
        assert result.score <= result.bound
        assert result.findings()[0].startswith("Stopped before the end")
    assert result.best[0].score == pytest.approx(result.score)


@pytest.mark.parametrize("objective", ["tv", "tv-isotropic", "information"])
@pytest.mark.parametrize("tables", [SIGNED, RELU])
def test_the_bound_holds_for_every_kernel(tables: object, objective: str) -> None:
    scorer = Scorer.of(Objective.parse(objective), tables).restricted((0, 3, 7))
    of_all_sizes = score_bound(scorer.local, (64, 64))  # by strips
    for shape in ((1, 1), (2, 2), (3, 3), (1, 5), (2, 4)):
        best = list_landscape(scorer, shape).scores().max()
        assert best <= score_bound(scorer.local, shape) + 1e-9
        assert best <= of_all_sizes + 1e-9


@pytest.mark.parametrize(("rule", "n_slices"), [("shift", 4), ("complement", 2)])
def test_slices_that_follow_from_the_first_are_searched_jointly(rule: str, n_slices: int) -> None:
    result = find_kernels(RELU, (2, 2), slice_rule=rule, n_slices=n_slices, top=2)
    best = result.best[0]
    assert best.kernel.shape == (n_slices, 2, 2)

    def whole(levels: tuple[int, ...]) -> ThresholdKernel:
        first = ThresholdKernel(np.reshape(levels, (2, 2)))
        if rule == "shift":
            return first.shifted_slices(n_slices)
        return first.stacked(first.complement())

    scorer = Scorer.of(Objective.parse("tv"), RELU)
    ranks = [
        np.searchsorted(OMEGA, whole(levels).levels)
        for levels in itertools.product(OMEGA, repeat=4)
    ]
    highest = max(float(scorer.scores(kernel).mean()) for kernel in ranks)
    assert result.score == best.score == pytest.approx(highest)
    named = [scored.kernel.name for scored in result.published]
    assert named == [
        n for n, k in PUBLISHED.items() if k.shape == (n_slices, 2, 2) and "base" not in n
    ]
    assert all(scored.rank for scored in result.published if "v2" in scored.kernel.name)


def test_published_slices_that_follow_no_rule_have_no_rank() -> None:
    result = find_kernels(RELU, (2, 2), slice_rule="complement", n_slices=2)
    ranks = {scored.kernel.name: scored.rank for scored in result.published}
    for name in ("2x2-complement-v1", "2x2-complement-v2"):
        first = ThresholdKernel(PUBLISHED[name].levels[:1])
        follows = PUBLISHED[name] == first.stacked(first.complement())
        assert (ranks[name] is not None) == follows


def test_kernels_excluded_by_a_constraint_have_no_rank() -> None:
    result = find_kernels(RELU, (2, 2), constraints=Constraints(max_distinct=1))
    assert {scored.rank for scored in result.published} == {None}


def test_a_kernel_is_scored_and_ranked() -> None:
    listed = full_landscape(RELU, (2, 2))
    scored = score_kernel(PUBLISHED["2x2-v1"], RELU, listed=listed)
    assert scored.score == pytest.approx(1.123047, abs=5e-7)
    assert scored.rank == 209
    assert scored.kernel.name == "2x2-v1"
    assert full_landscape(RELU, (4, 4)) is None
    shifted = score_kernel(PUBLISHED["2x2x4-shifted-v1"], RELU, listed=listed)
    assert shifted.rank is None
    slices = [ThresholdKernel(plane) for plane in PUBLISHED["2x2x4-shifted-v1"].levels]
    each = [score_kernel(kernel, RELU).score for kernel in slices]
    assert shifted.score == pytest.approx(np.mean(each))


def test_levels_that_tables_lack_are_named() -> None:
    with pytest.raises(ValueError, match="uses level 2"):
        score_kernel(ThresholdKernel([[2]], (1, 2, 3, 4)), RELU)
    with pytest.raises(ValueError, match="Levels are chosen from"):
        find_kernels(RELU, (2, 2), constraints=Constraints(levels=(2,)))


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"size": (0, 2)}, "1 to 64 rows and columns"),
        ({"size": (2, 2), "top": 0}, "at least one kernel"),
        ({"size": (2, 2), "objective": "beauty"}, "Unknown objective"),
        ({"size": (2, 2), "slice_rule": "mirror", "n_slices": 2}, "Slices follow by"),
    ],
)
def test_bad_requests_are_named(keywords: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_kernels(RELU, **keywords)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"density": (0.5, 0.2)}, "low to high"),
        ({"max_distinct": 0}, "at least one level"),
        ({"balance": -1.0}, "a magnitude"),
        ({"symmetry": "spiral"}, "Unknown symmetry"),
    ],
)
def test_bad_constraints_are_named(limits: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Constraints(**limits)
    with pytest.raises(ValueError, match="needs a square kernel"):
        Constraints(symmetry="transpose").cell_orbits((2, 3))


def test_the_front_holds_what_nothing_beats() -> None:
    front = tv_information_front(RELU)
    assert len(front.tv) == 1296
    on_front = set(front.places.tolist())
    for place in range(0, 1296, 7):
        beaten = (
            (front.tv >= front.tv[place]) & (front.information >= front.information[place])
        ) & ((front.tv > front.tv[place]) | (front.information > front.information[place]))
        assert not (beaten.any() and place in on_front)
        if not beaten.any():  # then it is on the front, or equal to one that is
            twins = (front.tv == front.tv[place]) & (front.information == front.information[place])
            assert set(np.flatnonzero(twins).tolist()) & on_front
    assert (np.diff(front.tv[front.places]) > 0).all()
    assert (np.diff(front.information[front.places]) < 0).all()


def test_pareto_places_of_few_points() -> None:
    first, second = np.array([1.0, 2, 2, 3, 0]), np.array([5.0, 4, 4, 1, 5])
    assert pareto_places(first, second).tolist() == [0, 1, 3]


def test_slices_share_the_front() -> None:
    front = tv_information_front(RELU)
    kernel = front_slices(front, 4)
    assert kernel.shape == (4, 2, 2)
    scored = [score_kernel(ThresholdKernel(plane), RELU) for plane in kernel.levels]
    assert [s.tv for s in scored] == sorted(s.tv for s in scored)
    with pytest.raises(ValueError, match="as many slices"):
        front_slices(front, 0)
