"""What the Learn page measures, against brute force and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from design_core.kernels.kernel import ThresholdKernel, binarize
from design_core.kernels.patterns import bayer, uniform
from design_core.kernels.published import PUBLISHED
from design_core.scores.lessons import (
    averages_follow,
    disagreement,
    kept_differences,
    normal_disagreement,
    published_excess,
    staircase,
)

RNG = np.random.default_rng(3)
X = RNG.normal(size=(13, 11)).round(1).astype(np.float32)  # rounded: with ties
KERNELS = [PUBLISHED["2x2-v1"], PUBLISHED["3x3-symmetric-v2"], uniform(1), bayer(4)]


def test_kept_differences_by_brute_force() -> None:
    bits = X >= 0.3
    rows, columns = X.shape
    pairs = [((i, j), (i, j + 1)) for i in range(rows) for j in range(columns - 1)]
    pairs += [((i, j), (i + 1, j)) for i in range(rows - 1) for j in range(columns)]
    differing = [(a, b) for a, b in pairs if X[a] != X[b]]
    kept = [(a, b) for a, b in differing if bits[a] != bits[b]]
    assert kept_differences(X, bits) == pytest.approx(len(kept) / len(differing))
    assert kept_differences(np.ones((4, 4)), np.ones((4, 4), bool)) == 0
    assert kept_differences(X, X) == 1


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_a_flat_patch_shows_its_stair(kernel: ThresholdKernel) -> None:
    rows, columns = kernel.shape[1:]
    for value in (-3.0, 0.0, *kernel.thresholds.ravel(), 5.0):
        flat = np.full((3 * rows, 2 * columns), value, dtype=np.float32)
        assert staircase(kernel, value) == binarize(flat, kernel).mean()
    steps = np.unique(staircase(kernel, np.linspace(-4, 4, 999)))
    assert len(steps) == len(np.unique(kernel.levels)) + 1


def test_published_thresholds_lie_above_lloyd_max() -> None:
    low, high = published_excess()
    assert (round(low, 3), round(high, 3)) == (0.026, 0.062)


def test_disagreement_on_a_normal_map() -> None:
    kernel = PUBLISHED["2x2-v1"]
    rows, columns = 400, 500
    x = norm.ppf((RNG.permutation(rows * columns) + 0.5) / (rows * columns)).astype(np.float32)
    x = x.reshape(rows, columns)
    for shift in (0.0, 0.5, 1.2):
        expected = normal_disagreement(kernel, shift)
        assert disagreement(x, kernel, shift) == pytest.approx(expected, abs=0.004)


def test_no_single_threshold_replaces_different_ones() -> None:
    shifts = np.linspace(-1, 3, 4001)
    for kernel in KERNELS:
        left = normal_disagreement(kernel, shifts)
        median = np.median(kernel.thresholds)
        assert left.min() == pytest.approx(normal_disagreement(kernel, median), abs=2e-4)
        assert (left.min() < 1e-3) == (np.ptp(kernel.thresholds) == 0)
    # Two thresholds, half the cells each: half of what lies between them, whatever the shift.
    low, high = np.unique(PUBLISHED["2x2-v2"].thresholds)
    between = (norm.cdf(high) - norm.cdf(low)) / 2
    assert normal_disagreement(PUBLISHED["2x2-v2"], np.linspace(low, high, 9)) == pytest.approx(
        np.full(9, between)
    )


@pytest.mark.parametrize("period", [(1, 1), (2, 2), (2, 3)])
def test_averages_follow_by_brute_force(period: tuple[int, int]) -> None:
    bits = X >= 0.3
    rows, columns = (side - step + 1 for side, step in zip(X.shape, period, strict=True))
    blocks = [
        (slice(i, i + period[0]), slice(j, j + period[1]))
        for i in range(rows)
        for j in range(columns)
    ]
    means = [[one[block].mean() for block in blocks] for one in (X, bits)]
    assert averages_follow(X, bits, period) == pytest.approx(np.corrcoef(*means)[0, 1])
    assert averages_follow(X, X > 99, period) == 0
