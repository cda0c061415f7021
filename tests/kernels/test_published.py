"""The published kernels, written out once more, and how they derive from each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import ndtr

from design_core.activations import DeSign
from design_core.kernels.kernel import OMEGA, ThresholdKernel, binarize
from design_core.kernels.published import PUBLISHED, published_kernel
from design_core.scaling import Scale

# fmt: off
LEVELS = {
    "2x2-v1": [[[1, 1], [0, 3]]],
    "2x2-v2": [[[1, 1], [3, 3]]],
    "2x2-complement-v1": [[[1, 1], [0, 3]], [[7, 7], [9, 5]]],
    "2x2-complement-v2": [[[1, 1], [3, 3]], [[7, 7], [5, 5]]],
    "2x2x4-shifted-v1": [[[1, 1], [0, 3]], [[3, 3], [1, 5]], [[5, 5], [3, 7]], [[7, 7], [5, 9]]],
    "2x2x4-shifted-v2": [[[1, 1], [3, 3]], [[3, 3], [5, 5]], [[5, 5], [7, 7]], [[7, 7], [9, 9]]],
    "3x3-symmetric-v1": [[[3, 1, 3], [1, 0, 1], [3, 1, 3]]],
    "3x3-symmetric-v2": [[[5, 1, 3], [1, 0, 1], [3, 1, 5]]],
    "3x3-symmetric-v3": [[[3, 0, 3], [0, 1, 0], [3, 0, 3]]],
    "3x3x2-complement-v1": [
        [[1, 3, 1], [3, 1, 3], [1, 3, 1]],
        [[7, 5, 7], [5, 7, 5], [7, 5, 7]],
    ],
    "3x3x4-shifted-v1": [
        [[1, 3, 1], [3, 1, 3], [1, 3, 1]],
        [[3, 5, 3], [5, 3, 5], [3, 5, 3]],
        [[5, 7, 5], [7, 5, 7], [5, 7, 5]],
        [[7, 9, 7], [9, 7, 9], [7, 9, 7]],
    ],
    "cifar100-2x2": [[[1, 1], [0, 0]]],
    "cifar100-3x3": [[[1, 0, 1], [0, 1, 0], [1, 0, 1]]],
    "hprof": [[[1, 3], [1, 3]]],
    "baseline-2x2x4": [[[3, 4], [1, 2]], [[2, 1], [3, 4]], [[4, 3], [2, 1]], [[1, 2], [4, 3]]],
}
# fmt: on


def test_all_are_there_in_order() -> None:
    assert list(PUBLISHED) == list(LEVELS)


@pytest.mark.parametrize("name", LEVELS)
def test_levels(name: str) -> None:
    kernel = published_kernel(name)
    assert kernel.levels.tolist() == LEVELS[name]
    assert kernel.name == name
    assert kernel.level_set == ((1, 2, 3, 4) if name == "baseline-2x2x4" else OMEGA)
    assert kernel.scale == Scale("published")


def test_unknown_names_are_refused_with_those_known() -> None:
    with pytest.raises(ValueError, match="Unknown kernel '4x4'; published are 2x2-v1, 2x2-v2"):
        published_kernel("4x4")


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        PUBLISHED["2x2-v1"] = ThresholdKernel([[1]])  # type: ignore[index]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_two_by_two_kernels_derive_from_each_other(version: str) -> None:
    kernel = PUBLISHED[f"2x2-{version}"]
    assert PUBLISHED[f"2x2-complement-{version}"] == kernel.stacked(kernel.complement())
    assert PUBLISHED[f"2x2x4-shifted-{version}"] == kernel.shifted_slices(4)


def test_three_by_three_kernels_derive_from_each_other() -> None:
    cross = ThresholdKernel([[1, 3, 1], [3, 1, 3], [1, 3, 1]])
    assert PUBLISHED["3x3x2-complement-v1"] == cross.stacked(cross.complement())
    assert PUBLISHED["3x3x4-shifted-v1"] == cross.shifted_slices(4)


@pytest.mark.parametrize("name", [name for name in LEVELS if name.startswith("3x3-symmetric")])
def test_symmetric_kernels_are_their_own_half_turn_and_transpose(name: str) -> None:
    kernel = PUBLISHED[name]
    assert kernel == kernel.rotated(2) == kernel.transposed()


@pytest.mark.parametrize(
    ("levels", "percent"),
    [
        (PUBLISHED["2x2-v2"].levels[0], 21.5),
        (PUBLISHED["2x2-v1"].levels[0], 26.8),
        (PUBLISHED["2x2x4-shifted-v1"].levels[-1], 4.45),
    ],
)
def test_activation_density_on_a_normal_input(levels: np.ndarray, percent: float) -> None:
    expected = 100 * ndtr(-ThresholdKernel(levels).thresholds).mean()
    assert expected == pytest.approx(percent, abs=0.05)
    x = np.random.default_rng(0).standard_normal((16, 256, 256))
    counted = 100 * binarize(x, ThresholdKernel(levels)).mean()
    assert counted == pytest.approx(expected, abs=0.2)  # five standard errors


@pytest.mark.parametrize("name", LEVELS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_numpy_and_torch_agree_in_every_bit(name: str, dtype: torch.dtype) -> None:
    kernel = PUBLISHED[name]
    x = torch.randn(2, 5, 7, 11, generator=torch.Generator().manual_seed(0)).to(dtype)
    # And on the thresholds themselves, and next to them, where rounding decides.
    thresholds = torch.tensor(kernel.thresholds).to(dtype)
    above = torch.nextafter(thresholds, torch.tensor(torch.inf, dtype=dtype))
    below = torch.nextafter(thresholds, torch.tensor(-torch.inf, dtype=dtype))
    for maps in (x, thresholds, above, below):
        expected = DeSign(kernel)(maps).numpy() > 0
        np.testing.assert_array_equal(binarize(maps.numpy(), kernel), expected)
