"""What the Learn page measures, against brute force and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from design_core.kernels.kernel import OMEGA, ThresholdKernel, binarize
from design_core.kernels.patterns import bayer, uniform
from design_core.kernels.published import PUBLISHED
from design_core.scores import activation_density, block_entropy, total_variation
from design_core.scores.lessons import (
    absorb,
    alternating,
    disagreement,
    flips,
    kept_differences,
    normal_disagreement,
    published_excess,
    ramp,
    running_average,
    staircase,
    strength_curve,
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


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_the_average_along_a_ramp_follows_the_stair(kernel: ThresholdKernel) -> None:
    rows, columns = kernel.shape[1:]
    x = ramp(400, 4 * rows)
    assert x[0, 0] == -2.5
    assert x[0, -1] == 2.5
    averaged = running_average(binarize(x, kernel), columns)
    stair = staircase(kernel, x[0])
    inside = range(columns, 400 - columns)
    level = np.array([np.ptp(stair[j - columns : j + columns]) == 0 for j in inside])
    assert level.mean() > 0.8
    assert averaged[inside][level] == pytest.approx(stair[inside][level])


def test_flips_make_the_total_variation() -> None:
    bits = X >= 0
    found = flips(bits)
    assert found.right.shape == (13, 10)
    assert found.down.shape == (12, 11)
    assert found.total_variation == pytest.approx(total_variation(bits))


def test_strength_curve_is_that_of_single_cuts() -> None:
    kernel = alternating()
    curve = strength_curve(X, kernel, (0.0, 0.5, 9.0))
    for place, strength in enumerate((0.0, 0.5, 9.0)):
        bits = binarize(X, kernel.scaled(strength=strength))
        assert curve.tv[place] == total_variation(bits)
        assert curve.information[place] == block_entropy(bits, period=(2, 2))
        assert curve.density[place] == activation_density(bits)
    # The strongest checkerboard flips everywhere and says nothing.
    assert (curve.tv[2], curve.information[2]) == (2, 0)
    assert curve.best == curve.strengths[curve.information.argmax()]


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


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
@pytest.mark.parametrize("offset", [0.0, -9.0, 9.0])
def test_the_nearest_threshold_by_brute_force(kernel: ThresholdKernel, offset: float) -> None:
    moved = kernel.scaled(offset=offset)
    found = absorb(X, moved)
    everything = [*np.unique(X), 99.0]
    assert found.left == pytest.approx(min(disagreement(X, moved, t) for t in everything))
    assert disagreement(X, moved, found.shift) == pytest.approx(found.left)


def test_a_uniform_kernel_is_absorbed_to_the_last_bit() -> None:
    for level in OMEGA:
        assert absorb(X, uniform(level)).left == 0
