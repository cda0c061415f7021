"""Scores against closed forms, direct loops and independent libraries."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from design_core import scores
from design_core.kernels.kernel import ThresholdKernel, binarize
from design_core.scores import formulas

maps = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=7),
    elements=st.integers(-8, 8).map(float),
)
bit_maps = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))


def pairs(x: np.ndarray, di: int, dj: int) -> list[float]:
    """|difference| of every pixel and its neighbour (di, dj) away, by plain loops."""
    height, width = x.shape
    return [
        abs(float(x[i + di, j + dj]) - float(x[i, j]))
        for i in range(height - di)
        for j in range(width - dj)
    ]


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


@given(maps)
def test_anisotropic_tv_is_the_mean_over_neighbour_pairs(x: np.ndarray) -> None:
    expected = mean(pairs(x, 0, 1)) + mean(pairs(x, 1, 0))
    assert scores.total_variation(x) == pytest.approx(expected)


@given(maps.filter(lambda x: min(x.shape) > 1))
def test_isotropic_tv_is_the_mean_gradient_length(x: np.ndarray) -> None:
    height, width = x.shape
    lengths = [
        math.hypot(x[i, j + 1] - x[i, j], x[i + 1, j] - x[i, j])
        for i in range(height - 1)
        for j in range(width - 1)
    ]
    assert scores.total_variation(x, "isotropic") == pytest.approx(mean(lengths))


@given(
    st.integers(1, 6).flatmap(lambda n: hnp.arrays(np.float64, (n, n), elements=st.floats(-9, 9)))
)
def test_repository_tv_pairs_dx_and_dy_by_index(x: np.ndarray) -> None:
    n = len(x)
    dx = [x[i, j + 1] - x[i, j] for j in range(n - 1) for i in range(n)]
    dy = [x[i + 1, j] - x[i, j] for j in range(n) for i in range(n - 1)]
    expected = mean([math.sqrt(a * a + b * b) for a, b in zip(dx, dy, strict=True)])
    assert scores.total_variation(x, "repository") == pytest.approx(expected)


def test_repository_tv_meets_unrelated_pixels() -> None:
    step = np.array([[0, 0, 1], [0, 0, 1], [1, 1, 1]])
    true_gradient = scores.total_variation(step, "isotropic")
    assert scores.total_variation(step, "repository") != pytest.approx(float(true_gradient))


def test_repository_tv_refuses_maps_that_are_not_square() -> None:
    with pytest.raises(ValueError, match="square maps; got 2 rows and 3 columns"):
        scores.total_variation(np.zeros((2, 3)), "repository")


def test_checkerboard_has_the_largest_tv_and_a_flat_map_none() -> None:
    checker = np.indices((6, 6)).sum(axis=0) % 2 == 1
    assert scores.total_variation(checker) == 2
    assert scores.total_variation(checker, "isotropic") == pytest.approx(math.sqrt(2))
    assert scores.total_variation(np.ones((6, 6))) == 0


@pytest.mark.parametrize("variant", ["anisotropic", "isotropic"])
def test_heat_map_sums_to_the_tv(variant: str) -> None:
    bits = np.random.default_rng(0).random((1, 9, 11)) > 0.5
    heat = scores.tv_map(bits, variant)
    assert heat.shape == bits.shape
    if variant == "anisotropic":
        right, lower = heat[0, -1, :-1].sum(), heat[0, :-1, -1].sum()
        total = sum(pairs(bits[0], 0, 1)) + sum(pairs(bits[0], 1, 0))
        assert heat.sum() == total
        assert heat[0, -1, -1] == 0
        assert right == sum(abs(np.diff(bits[0, -1].astype(int))))
        assert lower == sum(abs(np.diff(bits[0, :, -1].astype(int))))
    else:
        inner = heat[0, :-1, :-1]
        assert inner.mean() == pytest.approx(float(scores.total_variation(bits[0], variant)))


def test_unknown_variants_are_named() -> None:
    with pytest.raises(ValueError, match="'diagonal'"):
        scores.total_variation(np.zeros((2, 2)), "diagonal")
    with pytest.raises(ValueError, match="'repository'"):
        scores.tv_map(np.zeros((2, 2)), "repository")
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        scores.total_variation(np.zeros(3))


def test_leading_axes_are_kept() -> None:
    x = np.random.default_rng(1).normal(size=(2, 3, 8, 9))
    bits = x > 0
    for score in (
        scores.total_variation(x),
        scores.activation_density(bits),
        scores.block_entropy(bits),
        scores.correlation(bits, x),
    ):
        assert score.shape == (2, 3)
    assert scores.total_variation(x)[1, 2] == pytest.approx(float(scores.total_variation(x[1, 2])))


@given(bit_maps)
def test_density_is_the_share_of_ones(bits: np.ndarray) -> None:
    assert scores.activation_density(bits) == pytest.approx(bits.sum() / bits.size)


def entropy_by_counting(bits: np.ndarray, period: tuple[int, int]) -> float:
    """Dictionary version of the block entropy: count blocks by place, weigh by number."""
    counts: dict[tuple[int, int], dict[tuple[int, ...], int]] = {}
    height, width = bits.shape
    for i in range(height - 1):
        for j in range(width - 1):
            block = tuple(int(b) for b in bits[i : i + 2, j : j + 2].ravel())
            place = counts.setdefault((i % period[0], j % period[1]), {})
            place[block] = place.get(block, 0) + 1
    total = (height - 1) * (width - 1)
    nats = 0.0
    for place in counts.values():
        n = sum(place.values())
        nats -= sum(c * math.log(c / n) for c in place.values())
    return nats / math.log(2) / total / 4 if total else 0.0


@given(bit_maps, st.tuples(st.integers(1, 4), st.integers(1, 4)))
def test_block_entropy_counts_blocks_by_place(bits: np.ndarray, period: tuple[int, int]) -> None:
    expected = entropy_by_counting(bits, period)
    assert scores.block_entropy(bits, period=period) == pytest.approx(expected, abs=1e-12)


def test_block_entropy_of_coins_is_one_bit_per_pixel() -> None:
    coins = np.random.default_rng(2).random((512, 512)) > 0.5
    assert scores.block_entropy(coins) == pytest.approx(1, abs=1e-4)


def test_a_kernels_own_pattern_carries_no_information() -> None:
    flat = np.zeros((1, 32, 32), np.float32)
    kernel = ThresholdKernel.from_thresholds([[-1, 1], [1, -1]])
    checker = binarize(flat, kernel)
    assert scores.total_variation(checker) == 2
    assert scores.block_entropy(checker, period=(2, 2)) == 0
    assert scores.block_entropy(checker) > 0.2  # what it would be credited without its place


def test_correlation_equals_numpys() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 12, 13))
    assert scores.correlation(x, y) == pytest.approx(np.corrcoef(x.ravel(), y.ravel())[0, 1])
    assert scores.correlation(x, -2 * x + 1) == pytest.approx(-1)
    assert scores.correlation(x, np.ones_like(x)) == 0


def test_correlation_of_sign_with_a_normal_map_is_root_two_over_pi() -> None:
    x = np.random.default_rng(4).normal(size=(700, 700))
    assert scores.correlation(x >= 0, x) == pytest.approx(math.sqrt(2 / math.pi), abs=2e-3)


def test_reconstruction_is_the_best_line_through_the_local_average() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(20, 20)).cumsum(axis=1)
    seen = scores.reconstruct(x >= np.median(x), x)
    residual = x - seen
    # Least squares: the residual is orthogonal to the reconstruction and has mean 0.
    assert residual.mean() == pytest.approx(0, abs=1e-12)
    assert (residual * (seen - seen.mean())).mean() == pytest.approx(0, abs=1e-9)
    flat = scores.reconstruct(np.ones((20, 20), bool), x)
    assert np.allclose(flat, x.mean())


def test_reconstruction_averages_a_box_with_repeated_edges() -> None:
    bits = np.zeros((7, 7))
    bits[3, 3] = 1
    box = np.zeros((7, 7))
    box[1:6, 1:6] = 1 / 25
    seen = scores.reconstruct(bits, box)
    assert np.allclose(seen, box)


def test_likeness_is_the_correlation_of_the_reconstruction() -> None:
    x = np.random.default_rng(6).normal(size=(3, 30, 41)).cumsum(axis=2).astype(np.float32)
    x[2] = 4  # flat
    for output in (x >= 1, x < 1, np.maximum(x, 0)):
        alike = scores.likeness(output, x)
        expected = scores.correlation(scores.reconstruct(output, x), x)
        np.testing.assert_allclose(alike[:2], expected[:2], atol=1e-6)
        assert np.isnan(alike[2])


def test_maps_that_come_some_rows_at_a_time_score_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(7).normal(size=(2, 23, 31))

    def scored() -> list[np.ndarray]:
        bits = x > 0.5
        return [
            scores.correlation(bits, x),
            scores.likeness(bits, x),
            scores.total_variation(x, "isotropic"),
        ]

    whole = scored()
    for rows in (1, 4, 22):
        monkeypatch.setattr(formulas, "_BAND", rows * 31)
        np.testing.assert_allclose(scored(), whole, rtol=1e-12)


def test_a_correlation_of_maps_of_two_sizes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one size; got \(5, 4\) and \(6, 4\)"):
        scores.correlation(np.ones((5, 4)), np.ones((6, 4)))


def test_psnr_closed_form() -> None:
    x = np.array([[0.0, 4.0], [0.0, 4.0]])
    assert scores.psnr(x, x + 1) == pytest.approx(10 * math.log10(16))
    assert scores.psnr(x, x) == np.inf
    flat = np.zeros((2, 2))
    assert scores.psnr(flat, flat + 0.1) == pytest.approx(20)


def test_ssim_is_one_for_equal_maps_and_nan_where_no_window_fits() -> None:
    x = np.random.default_rng(6).normal(size=(2, 8, 8))
    assert scores.ssim(x, x) == pytest.approx([1, 1])
    assert scores.ssim(x, -x).max() < 0.5
    assert np.isnan(scores.ssim(x[0, :2], x[0, :2]))
    for side in (3, 4):
        assert scores.ssim(x[0, :side, :side], x[0, :side, :side]) == pytest.approx(1)


def test_ssim_by_its_definition_on_windows_of_seven() -> None:
    """Wang et al. 2004, equation 13, over every whole 7×7 window, with sample variances."""
    draw = np.random.default_rng(8)
    x = draw.normal(size=(12, 15))
    y = x + draw.normal(scale=0.5, size=x.shape)
    windows = [
        np.lib.stride_tricks.sliding_window_view(one - x.min(), (7, 7)).reshape(-1, 49)
        for one in (x, y)
    ]
    c1, c2 = ((k * np.ptp(x)) ** 2 for k in (0.01, 0.03))
    (mx, my), (vx, vy) = zip(*((w.mean(1), w.var(1, ddof=1)) for w in windows), strict=True)
    cxy = ((windows[0] - mx[:, None]) * (windows[1] - my[:, None])).sum(1) / 48
    local = (2 * mx * my + c1) * (2 * cxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    assert scores.ssim(x, y) == pytest.approx(local.mean())


def test_neighbour_correlation_is_the_mean_over_both_directions() -> None:
    x = np.random.default_rng(8).normal(size=(3, 2, 5, 6))
    x[:, 1] = np.cumsum(x[:, 1], axis=-1)
    for channel, found in enumerate(scores.neighbour_correlation(x)):
        maps_ = x[:, channel] - x[:, channel].mean()
        beside = np.mean([a * b for m in maps_ for r in m for a, b in itertools.pairwise(r)])
        above = np.mean([a * b for m in maps_ for r in m.T for a, b in itertools.pairwise(r)])
        assert found == pytest.approx((beside + above) / 2 / maps_.var())


def test_neighbour_correlation_of_a_process_that_is_known() -> None:
    """A separable first-order process of coefficient ρ has ρ between adjacent pixels."""
    rng = np.random.default_rng(9)
    for rho in (0.0, 0.6, 0.9):
        powers = rho ** np.abs(np.subtract.outer(np.arange(24), np.arange(24)))
        root = np.linalg.cholesky(powers + 1e-12 * np.eye(24))
        x = root @ rng.normal(size=(400, 1, 24, 24)) @ root.T
        assert scores.neighbour_correlation(x)[0] == pytest.approx(rho, abs=0.02)
    assert scores.neighbour_correlation(np.ones((2, 1, 3, 3)))[0] == 0
    with pytest.raises(ValueError, match="2×2 pixels"):
        scores.neighbour_correlation(np.ones((3, 3)))
