"""Kernels for given maps: centred, or the best one by exact search, held to brute force."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from design_core.kernels.kernel import OMEGA, ThresholdKernel, binarize
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED
from design_core.pictures import Picture
from design_core.pictures.feature_maps import picture_maps
from design_core.pictures.samples import sample
from design_core.scores import block_entropy
from design_core.search.for_picture import best_kernel, centred, loss_words, spread_thresholds

KERNEL = PUBLISHED["2x2-v2"]


def page() -> np.ndarray:
    """A white page with grain, and black lines on it: a scan."""
    grey = np.random.default_rng(0).normal(245, 2, (48, 40)).clip(0, 255)
    grey[8:40:6, 6:34] = 20
    pixels = np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    return picture_maps(Picture.from_pixels(pixels, name="page"), "picture").x


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_centred_kernel_has_mean_threshold_0_and_the_same_spread(name: str) -> None:
    moved = centred(PUBLISHED[name])
    assert abs(moved.thresholds.mean()) < 1e-9
    assert np.ptp(moved.thresholds) == pytest.approx(np.ptp(PUBLISHED[name].thresholds))


def test_the_best_kernel_is_that_of_brute_force() -> None:
    x = picture_maps(sample("digit-3"), "picture").x
    found = best_kernel(x, KERNEL, source="digit-3")
    scale = spread_thresholds(x, OMEGA)

    def kept(levels: np.ndarray) -> float:
        """Mean entropy of the kernel's four blocks, each laid on every 2×2 window of the map."""
        kernel = ThresholdKernel(levels, OMEGA, scale)
        thresholds = kernel.thresholds[0].astype(np.float32)
        entropies = []
        for rows, columns in product(range(2), repeat=2):
            cut = np.roll(thresholds, (rows, columns), (0, 1)).reshape(4, 1)
            codes = (windows >= cut).T @ [1, 2, 4, 8]
            shares = np.bincount(codes) / len(codes)
            entropies.append(-np.sum(shares[shares > 0] * np.log2(shares[shares > 0])) / 4)
        return float(np.mean(entropies))

    windows = np.lib.stride_tricks.sliding_window_view(x[0], (2, 2)).reshape(-1, 4).T
    best = max(kept(np.reshape(levels, (2, 2))) for levels in product(OMEGA, repeat=4))
    assert found.searched == 6**4
    assert kept(found.kernel.levels[0]) == pytest.approx(best, abs=1e-9)
    assert found.bits == block_entropy(binarize(x, found.kernel), period=(2, 2)).mean()
    assert found.bits_before == block_entropy(binarize(x, KERNEL), period=(2, 2)).mean()


def test_on_a_scan_print_is_kept_and_not_the_papers_grain() -> None:
    x = page()
    lines = x[0] < -1
    bits = binarize(x, best_kernel(x, KERNEL, source="page").kernel)[0]
    assert bits[~lines].mean() > 0.95
    assert bits[lines].mean() < 0.6


def test_why_a_picture_is_lost_is_told() -> None:
    x = page()
    assert loss_words(x, KERNEL) == (
        "Nearly black, because all thresholds lie above 0, at 0.63 to 0.97, and only 0% of this "
        "picture's values reach them."
    )
    assert loss_words(-x, KERNEL.scaled(strength=-1)).startswith("Nearly white")
    assert loss_words(x, centred(KERNEL)) == ""
    assert loss_words(x, PATTERNS["symmetric"](4)) == ""


def test_flat_maps_have_no_best_kernel() -> None:
    with pytest.raises(ValueError, match="flat"):
        best_kernel(np.zeros((1, 8, 8), np.float32), KERNEL)
