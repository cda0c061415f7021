"""Reconstruction PSNR from window moments against reconstructions, and the model's independence."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, uniform_filter

from design_core.kernels.kernel import OMEGA, ThresholdKernel, binarize
from design_core.pictures.feature_maps import standardize
from design_core.scaling import Scale
from design_core.search.block_tables import estimate_tables, random_convolution_tables
from design_core.search.find import find_kernels, score_kernel
from design_core.search.landscape import list_landscape
from design_core.search.objectives import Objective
from design_core.search.scorer import Scorer


@pytest.fixture(scope="module")
def smooth() -> np.ndarray:
    noise = np.random.default_rng(0).normal(size=(240, 230))
    return standardize(gaussian_filter(noise, 2.0, mode="wrap"))


@pytest.mark.parametrize("levels", [[[0]], [[1, 1], [3, 3]], [[0, 9], [9, 0]], [[0, 5, 1]]])
def test_psnr_is_that_of_the_fitted_local_average(smooth: np.ndarray, levels: list) -> None:
    kernel = ThresholdKernel(levels)
    _, rows, columns = kernel.shape
    phases = itertools.product(range(rows), range(columns))
    local = np.concatenate(
        [
            uniform_filter(binarize(smooth, kernel.rolled(*phase)).astype(float), 5, mode="wrap")
            for phase in phases
        ]
    )
    target = np.tile(smooth, (rows * columns, 1)).astype(np.float64)
    explained = np.corrcoef(local.ravel(), target.ravel())[0, 1] ** 2
    error = target.var() * (1 - explained)
    expected = 10 * np.log10(np.ptp(smooth) ** 2 / error)
    tables = estimate_tables([smooth], window=True)
    assert score_kernel(kernel, tables, objective="psnr").score == pytest.approx(expected, abs=0.05)


def test_values_of_random_convolutions_are_independent_at_every_distance() -> None:
    # All 2⁹ kernels; pictures enter through their moments: E[x·x'] needs no picture at all, and
    # whole joint tables are compared on random pictures.
    random = np.random.default_rng(1)
    maps = []
    for _ in range(400):
        picture = 2 * random.integers(0, 2, (26, 26)) - 1
        weights = 2 * random.integers(0, 2, (3, 3)) - 1
        windows = np.lib.stride_tricks.sliding_window_view(picture, (3, 3))
        maps.append((windows * weights).sum(axis=(-2, -1)).astype(np.float32))
    scale = Scale("custom", values=tuple(map(float, OMEGA)))
    counted = estimate_tables(maps, scale=scale, window=True).window
    exact = random_convolution_tables().window
    assert np.abs(counted.pairs - exact.pairs).max() < 0.01
    assert np.abs(counted.cross - exact.cross).max() < 0.02
    assert counted.peak == exact.peak == 18


def test_3x3_landscapes_of_psnr_are_listed_kernel_by_kernel() -> None:
    scorer = Scorer.of(Objective.parse("psnr + tv"), random_convolution_tables(form="relu"))
    scorer = scorer.restricted((0, 3, 9))
    listed = list_landscape(scorer, (3, 3))
    places = np.random.default_rng(2).integers(0, listed.size, 50)
    for place in places:
        alone = int(scorer.sums(listed.ranks(np.array([place]))[0]))
        assert abs(int(listed.sums[place]) - alone) <= scorer.tolerance


def test_psnr_of_slices_is_the_mean_of_theirs() -> None:
    tables = random_convolution_tables(form="relu")
    result = find_kernels(tables, (2, 2), objective="psnr", slice_rule="complement", n_slices=2)
    slices = [ThresholdKernel(plane) for plane in result.best[0].kernel.levels]
    each = [score_kernel(kernel, tables, objective="psnr").score for kernel in slices]
    assert result.score == pytest.approx(np.mean(each), abs=1e-9)


def test_no_bound_is_invented() -> None:
    tables = random_convolution_tables((1, 9))
    result = find_kernels(tables, (5, 6), objective="psnr")
    assert (result.exact, result.bound) == (False, None)
    assert "no bound is known" in result.findings()[0]


def test_tables_without_windows_are_refused() -> None:
    x = np.random.default_rng(3).normal(size=(9, 9)).astype(np.float32)
    with pytest.raises(ValueError, match="window=True"):
        find_kernels(estimate_tables([x]), (2, 2), objective="psnr")
