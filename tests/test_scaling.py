"""Level values against the published figures, plain Lloyd iterations and closed forms."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtr, ndtri
from sklearn.cluster import KMeans

from design_core.kernels.kernel import OMEGA
from design_core.scaling import (
    MAX_NUMBER,
    SCALE_NAMES,
    Scale,
    fit_quantiles,
    fit_scale,
    lloyd_max,
)

PUBLISHED = [
    0.31178307101247416,
    0.6310055699305364,
    0.9671384551810105,
    1.3351897412256477,
    1.7655587701510786,
    2.3419342504151506,
]
MATLAB = [
    0.5159260799279024,
    1.0426740122251235,
    1.5971041732997648,
    2.2059878729752223,
    2.9180711418567356,
    3.8667480105918006,
]
LLOYD_MAX = [0.29351, 0.59588, 0.91804, 1.27658, 1.70307, 2.28184]
SIGNED = (-9, -7, -5, -3, -1, 1, 3, 5, 7, 9)

numbers = st.floats(-MAX_NUMBER, MAX_NUMBER)


@pytest.mark.parametrize(
    ("name", "values", "tolerance"),
    [("published", PUBLISHED, 1e-12), ("matlab", MATLAB, 1e-12), ("lloyd-max", LLOYD_MAX, 1e-5)],
)
def test_level_values(name: str, values: list[float], tolerance: float) -> None:
    np.testing.assert_allclose(Scale(name).thresholds(OMEGA), values, rtol=0, atol=tolerance)


def test_four_published_ranks() -> None:
    values = [0.41901, 0.85981, 1.35668, 1.99841]
    np.testing.assert_allclose(Scale("published").thresholds((1, 2, 3, 4)), values, atol=1e-12)


def test_published_sits_2_6_to_6_2_percent_above_lloyd_max() -> None:
    excess = 100 * (np.array(PUBLISHED) / lloyd_max(6) - 1)
    assert round(excess.min(), 1) == 2.6
    assert round(excess.max(), 1) == 6.2


def test_tail_probabilities_of_published_levels() -> None:
    tails = ndtr(-Scale("published").thresholds(OMEGA))
    assert tails.round(3).tolist() == [0.378, 0.264, 0.167, 0.091, 0.039, 0.010]


def half_normal_density(z: float) -> float:
    return math.sqrt(2 / math.pi) * math.exp(-z * z / 2)


def plain_lloyd(n_levels: int, iterations: int) -> np.ndarray:
    """Lloyd's own iteration on the half-normal: centres of cells, then middles between them."""
    boundaries = np.linspace(0, 3, n_levels + 2)[1:-1]
    for _ in range(iterations):
        edges = np.concatenate([[0.0], boundaries, [40.0]])
        density = np.exp(-(edges**2) / 2) * math.sqrt(2 / math.pi)
        mass = np.diff(2 * ndtr(edges))
        centres = (density[:-1] - density[1:]) / mass
        boundaries = (centres[:-1] + centres[1:]) / 2
    return boundaries


@pytest.mark.parametrize("n_levels", [1, 2, 3, 4, 5, 6, 7, 8, 10])
def test_lloyd_max_is_where_lloyds_iteration_ends(n_levels: int) -> None:
    np.testing.assert_allclose(lloyd_max(n_levels), plain_lloyd(n_levels, 10_000), atol=1e-9)


@pytest.mark.parametrize("n_levels", [1, 2, 6, 16])
def test_lloyd_max_halves_between_centres_by_numeric_integration(n_levels: int) -> None:
    boundaries = lloyd_max(n_levels)
    edges = [0.0, *boundaries.tolist(), math.inf]
    centres = [
        quad(lambda z: z * half_normal_density(z), low, high)[0]
        / quad(half_normal_density, low, high)[0]
        for low, high in pairwise(edges)
    ]
    middles = [(low + high) / 2 for low, high in pairwise(centres)]
    np.testing.assert_allclose(boundaries, middles, atol=1e-8)


@pytest.mark.parametrize("n_levels", [64, 256, 1000, 4096])
def test_lloyd_max_of_many_levels_ascends_and_cells_weigh_as_panter_dite(n_levels: int) -> None:
    boundaries = lloyd_max(n_levels)
    assert (np.diff(boundaries, prepend=0) > 0).all()
    # For many levels, boundaries follow pdf^(1/3): a normal √3 times as wide.
    median = boundaries[n_levels // 2]
    np.testing.assert_allclose(2 * ndtr(median / math.sqrt(3)) - 1, 0.5, atol=1.5 / n_levels)


@pytest.mark.parametrize("n_levels", [0, -1, 4097])
def test_lloyd_max_refuses_sizes_out_of_range(n_levels: int) -> None:
    with pytest.raises(ValueError, match="1 to 4096"):
        lloyd_max(n_levels)


def test_lloyd_max_cannot_be_spoilt_by_its_callers() -> None:
    lloyd_max(3)[:] = 0
    assert lloyd_max(3).min() > 0


@given(st.sampled_from(["published", "lloyd-max", "matlab"]), numbers, numbers)
def test_strength_stretches_and_offset_moves(name: str, strength: float, offset: float) -> None:
    moved = Scale(name, strength, offset).thresholds(OMEGA)
    np.testing.assert_array_equal(moved, offset + strength * Scale(name).thresholds(OMEGA))


def test_strength_zero_is_plain_sign() -> None:
    assert not Scale("published", strength=0).thresholds(OMEGA).any()


def test_levels_keep_their_values_in_part_of_a_set() -> None:
    values = Scale("published").thresholds((1, 3, 9))
    np.testing.assert_array_equal(values, [PUBLISHED[1], PUBLISHED[2], PUBLISHED[5]])


@pytest.mark.parametrize("name", ["published", "lloyd-max", "matlab"])
def test_signed_levels_take_negated_thresholds(name: str) -> None:
    thresholds = Scale(name).thresholds(SIGNED)
    np.testing.assert_array_equal(thresholds, -thresholds[::-1])
    assert (np.diff(thresholds) > 0).all()


def test_level_zero_is_the_centre_of_a_signed_set_only() -> None:
    one, three = PUBLISHED[1:3]
    assert Scale().thresholds((-3, -1, 0, 1, 3)).tolist() == [-three, -one, 0.0, one, three]
    assert Scale().thresholds((0, 1)).tolist() == PUBLISHED[:2]


def test_lloyd_max_counts_the_magnitudes_of_a_signed_set() -> None:
    upper = Scale("lloyd-max").thresholds(SIGNED)[5:]
    np.testing.assert_array_equal(upper, lloyd_max(5))


def test_order_of_the_level_set_does_not_matter() -> None:
    assert Scale().thresholds((9, 0, 3)).tolist() == Scale().thresholds((0, 3, 9)).tolist()


def test_fitting_prefers_constants_that_exist() -> None:
    assert Scale.fitting(OMEGA).name == "published"
    assert Scale.fitting(SIGNED).name == "published"
    assert Scale.fitting((1, 2, 3, 4)).name == "published"
    assert Scale.fitting(range(16)).name == "lloyd-max"


@pytest.mark.parametrize("name", ["published", "matlab"])
def test_constants_for_other_levels_are_refused_with_a_way_out(name: str) -> None:
    with pytest.raises(ValueError, match=r"16 levels from 0 to 15; use 'lloyd-max'"):
        Scale(name).thresholds(range(16))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "magic"}, "Unknown scaling 'magic'; choose one of published, lloyd-max"),
        ({"name": "custom"}, "needs its own values"),
        ({"name": "data"}, "needs its own values"),
        ({"name": "published", "values": (1.0,)}, "takes no values of its own"),
        ({"strength": math.nan}, "finite numbers up to 1e[+]06; got nan"),
        ({"offset": -math.inf}, "got -inf"),
        ({"strength": 1.1e6}, "got 1100000"),
        ({"name": "custom", "values": (0.0, math.inf)}, "got inf"),
    ],
)
def test_scales_that_cannot_be(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Scale(**arguments)  # type: ignore[arg-type]


def test_values_must_match_the_level_set() -> None:
    with pytest.raises(ValueError, match="2 values but the kernel has 6 levels"):
        Scale("custom", values=(0.1, 0.2)).thresholds(OMEGA)


@given(
    st.sampled_from([name for name in SCALE_NAMES if name not in ("data", "custom")]),
    numbers,
    numbers,
    st.none() | st.lists(numbers, min_size=1, max_size=6).map(tuple),
)
def test_dictionaries_give_the_scale_back(
    name: str, strength: float, offset: float, values: tuple[float, ...] | None
) -> None:
    scale = Scale(name if values is None else "custom", strength, offset, values)
    assert Scale.from_dict(scale.to_dict()) == scale
    assert hash(Scale.from_dict(scale.to_dict())) == hash(scale)


@pytest.mark.parametrize(
    "plain",
    [
        {"nmae": "published"},
        {"name": ["published"]},
        {"name": None},
        {"strength": "much"},
        {"strength": None},
        {"offset": 10**400},
        {"name": "custom", "values": 3},
        {"name": "custom", "values": ["a"]},
        {"name": "custom", "values": [[1]]},
    ],
)
def test_dictionaries_from_strangers_are_refused(plain: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="scaling"):
        Scale.from_dict(plain)


# Scales fitted to data.


def normal_quantiles(n: int) -> np.ndarray:
    """A sample of the normal distribution without chance."""
    return ndtri((np.arange(n) + 0.5) / n)


def test_fit_on_normal_quantiles_is_lloyd_max() -> None:
    fitted = fit_scale(normal_quantiles(100_000), OMEGA)
    assert fitted.name == "data"
    np.testing.assert_allclose(fitted.values, lloyd_max(6), atol=1e-3)


def test_fit_on_normal_samples_is_near_lloyd_max() -> None:
    x = np.random.default_rng(1).standard_normal((40, 64, 64))
    np.testing.assert_allclose(fit_scale(x, OMEGA).values, lloyd_max(6), atol=0.03)


def test_fit_is_deterministic_and_blind_to_order() -> None:
    x = np.random.default_rng(2).standard_normal(5000)
    assert fit_scale(x, OMEGA) == fit_scale(x, OMEGA) == fit_scale(-x[::-1], OMEGA)


@pytest.mark.parametrize("seed", range(3))
def test_fit_is_k_means_as_scikit_learn_does_it(seed: int) -> None:
    x = np.abs(np.random.default_rng(seed).standard_normal(500))
    start = np.quantile(x, (np.arange(7) + 0.5) / 7)[:, None]
    means = KMeans(7, init=start, n_init=1, tol=0, max_iter=10_000).fit(x[:, None])
    centres = np.sort(means.cluster_centers_.ravel())
    np.testing.assert_allclose(fit_scale(x, OMEGA).values, (centres[:-1] + centres[1:]) / 2)


@given(st.lists(st.integers(0, 30), min_size=30, max_size=80))
def test_each_fitted_threshold_halves_between_the_means_of_its_cells(data: list[int]) -> None:
    x = np.array(data, dtype=float)
    assume(np.unique(x).size >= 7)
    values = fit_scale(x, OMEGA).values
    assert values is not None
    assert (np.diff(values) > 0).all()
    cells = np.split(np.sort(x), np.searchsorted(np.sort(x), values))
    for value, lower, upper in zip(values, cells[:-1], cells[1:], strict=True):
        if lower.size and upper.size:
            assert value == pytest.approx((lower.mean() + upper.mean()) / 2)


def test_fit_follows_the_scale_of_the_data() -> None:
    x = normal_quantiles(2000)
    twice = fit_scale(2 * x, OMEGA).thresholds(OMEGA)
    np.testing.assert_allclose(twice, 2 * fit_scale(x, OMEGA).thresholds(OMEGA), rtol=1e-6)


def test_fit_separates_clusters_in_the_middle() -> None:
    x = np.repeat([0.0, 1.0, -5.0], 10)
    assert fit_scale(x, (1, 3)).values == (0.5, 3.0)


def test_fit_gives_signed_levels_signed_thresholds() -> None:
    values = fit_scale(normal_quantiles(2000), SIGNED).values
    assert values is not None
    assert values == tuple(-value for value in reversed(values))


def test_fit_copes_with_many_equal_values() -> None:
    x = np.concatenate([np.zeros(900), np.linspace(0.1, 3, 100)])
    values = fit_scale(x, OMEGA).values
    assert values is not None
    assert (np.diff(values) > 0).all()


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([0.0, math.nan], "NaN or infinity"),
        ([1.0] * 100, "at least 7 distinct values for 6 levels; the data hold 1"),
        ([1.0, -1.0] * 50, "the data hold 1"),
        ([], "the data hold 0"),
    ],
)
def test_fit_refuses_data_without_clusters(x: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_scale(x, OMEGA)


@pytest.mark.parametrize("n_levels", [1, 2, 4, 16])
def test_quantile_scale_without_data_is_that_of_a_standard_normal(n_levels: int) -> None:
    expected = [NormalDist().inv_cdf((2 * r + 1) / (2 * n_levels)) for r in range(n_levels)]
    levels = range(10, 10 + n_levels)
    np.testing.assert_allclose(Scale("quantile").thresholds(levels), expected, atol=1e-12)


@pytest.mark.parametrize("n_levels", [1, 3, 4, 64])
def test_fitted_quantiles_against_numpy(n_levels: int) -> None:
    x = np.random.default_rng(0).gamma(2, size=20_001)
    shares = (2 * np.arange(n_levels) + 1) / (2 * n_levels)
    gap = np.diff(np.sort(x)).max()
    fitted = fit_quantiles(x, range(n_levels)).thresholds(range(n_levels))
    np.testing.assert_allclose(fitted, np.quantile(x, shares), atol=gap)


@pytest.mark.parametrize("seed", range(20))
def test_fitted_quantiles_part_off_the_nearest_share_that_any_cut_can(seed: int) -> None:
    generator = np.random.default_rng(seed)
    x = generator.integers(0, 6, size=generator.integers(2, 30)).astype(float)
    x[0] = 6  # at least two values
    cuts = (np.unique(x)[:-1] + np.unique(x)[1:]) / 2
    for rank, threshold in enumerate(fit_quantiles(x, range(3)).values or ()):
        share = (2 * rank + 1) / 6
        assert threshold in cuts
        assert abs((x < threshold).mean() - share) == pytest.approx(
            min(abs((x < cut).mean() - share) for cut in cuts)
        )


def test_fitted_quantiles_by_counts_are_those_of_the_values() -> None:
    generator = np.random.default_rng(3)
    values, counts = np.arange(8.0), generator.integers(0, 50, 8)
    by_counts = fit_quantiles(values, range(4), counts=counts)
    assert by_counts == fit_quantiles(np.repeat(values, counts), range(4))
    assert Scale.from_dict(by_counts.to_dict()) == by_counts


@pytest.mark.parametrize(("x", "message"), [([1.0, np.nan], "finite"), ([2.0, 2.0], "two diff")])
def test_quantiles_that_cannot_be_fitted_are_refused(x: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_quantiles(x, (0, 1))
