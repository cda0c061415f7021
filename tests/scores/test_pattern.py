"""The pattern's own edges against their definition: every flat field, cut one by one."""

from __future__ import annotations

import numpy as np
import pytest

from design_core.kernels.kernel import ThresholdKernel, binarize
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED
from design_core.pictures.feature_maps import picture_maps
from design_core.pictures.samples import sample
from design_core.scores import total_variation
from design_core.scores.comparison import compare_activations
from design_core.scores.pattern import pattern_variation

KERNELS = {
    "2x2-v2": PUBLISHED["2x2-v2"],
    "slices": PUBLISHED["2x2x4-shifted-v1"],
    "bayer": PATTERNS["bayer"].at_quantiles(4),
    "uniform": PATTERNS["uniform"](1),
}


@pytest.mark.parametrize("name", KERNELS)
def test_it_is_the_mean_over_flat_fields_of_the_maps_own_values(name: str) -> None:
    kernel = KERNELS[name]
    x = np.random.default_rng(3).normal(size=(5, 7, 9)).astype(np.float32)
    found = pattern_variation(x, kernel)
    for channel, plane in enumerate(x):
        fields = np.broadcast_to(plane.reshape(-1, 1, 1), (plane.size, *plane.shape))
        cut = kernel.for_channel(channel)
        flips = [float(total_variation(binarize(one[None], cut))[0]) for one in fields]
        assert found[channel] == pytest.approx(np.mean(flips), abs=1e-6)


def test_a_uniform_threshold_has_no_pattern() -> None:
    x = picture_maps(sample("digit-3"), "picture").x
    assert pattern_variation(x, KERNELS["uniform"]).tolist() == [0.0]
    assert compare_activations(x, KERNELS["2x2-v2"])["sign"].pattern_tv.tolist() == [0.0]


def test_on_a_flat_field_every_edge_is_the_patterns() -> None:
    x = np.full((1, 8, 8), 0.8, np.float32)
    bits = binarize(x, KERNELS["2x2-v2"])
    assert pattern_variation(x, KERNELS["2x2-v2"]) == total_variation(bits)


def test_on_coarse_thresholds_that_no_value_reaches_it_is_nothing() -> None:
    x = np.zeros((1, 4, 4), np.float32)
    assert pattern_variation(x, ThresholdKernel.from_thresholds([[3.0, 9.0]])).tolist() == [0.0]
