"""Distributions of pre-activations against closed forms and counting."""

from __future__ import annotations

import numpy as np
import pytest

from design_core.kernels.kernel import binarize
from design_core.kernels.published import PUBLISHED
from design_core.scores.distribution import maps_distribution, normal_distribution


def test_the_normal_model_has_the_published_densities() -> None:
    shares = normal_distribution().exceeds(PUBLISHED["2x2-v2"].scale.thresholds((0, 1, 3, 5, 7, 9)))
    assert shares.round(3).tolist() == [0.378, 0.264, 0.167, 0.091, 0.039, 0.010]


def test_the_normal_density_is_one_in_all() -> None:
    normal = normal_distribution()
    assert np.trapezoid(normal.density, normal.centres) == pytest.approx(1, abs=1e-4)


def test_maps_are_counted_as_binarize_counts() -> None:
    x = np.random.default_rng(1).standard_normal((3, 20, 30)).astype(np.float32)
    kernel = PUBLISHED["2x2-v1"]
    x[0, 0] = np.float32(kernel.thresholds[0, 0, 0])  # ties
    distribution = maps_distribution(x)
    for threshold in kernel.thresholds.ravel():
        alone = kernel.from_thresholds([[threshold]])
        assert distribution.exceeds(threshold) == pytest.approx(binarize(x, alone).mean())


def test_the_density_of_maps_is_one_in_all_and_keeps_what_lies_beyond() -> None:
    distribution = maps_distribution(np.array([-9.0, 0.1, 9.0], np.float32), bins=80)
    assert distribution.density.sum() * (8 / 80) == pytest.approx(1)
    assert distribution.density[0] > 0
    assert distribution.density[-1] > 0


@pytest.mark.parametrize("values", [[], [np.nan], [np.inf, 0]])
def test_values_without_a_distribution_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        maps_distribution(np.array(values))
