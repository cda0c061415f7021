"""Sign, DeSign and ReLU side by side, and the sentence about them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from design_core import scores
from design_core.kernels.kernel import ThresholdKernel, binarize
from design_core.kernels.published import PUBLISHED
from design_core.scores.comparison import ActivationScores, compare_activations, finding

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 15, 17)).astype(np.float32)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_tensors_are_compared_like_arrays(dtype: torch.dtype) -> None:
    x = torch.randn(2, 8, 8, generator=torch.Generator().manual_seed(0)).to(dtype)
    plain = (x.float() if dtype == torch.bfloat16 else x).numpy()
    kernel = PUBLISHED["2x2-v2"]
    for tensor in (x, x.clone().requires_grad_()):
        ours, theirs = compare_activations(tensor, kernel), compare_activations(plain, kernel)
        for name in theirs:
            np.testing.assert_array_equal(ours[name].output, theirs[name].output)
            np.testing.assert_array_equal(ours[name].tv, theirs[name].tv)


@pytest.mark.parametrize("x", [torch.zeros(1, 2, 4, 4), np.zeros((2, 4, 4), int), np.zeros((4, 4))])
def test_maps_of_other_shapes_say_what_to_give(x: object) -> None:
    with pytest.raises(ValueError, match=r"\(C, H, W\); got .* give one, x\[0\]"):
        compare_activations(x, PUBLISHED["2x2-v2"])  # type: ignore[arg-type]


def test_outputs_and_scores_are_those_of_each_activation() -> None:
    kernel = PUBLISHED["2x2x4-shifted-v1"]
    compared = compare_activations(X, kernel)
    assert np.array_equal(compared["sign"].output, X >= 0)
    assert np.array_equal(compared["design"].output, binarize(X, kernel))
    assert np.array_equal(compared["relu"].output, X.clip(0))
    design = compared["design"]
    assert design.tv == pytest.approx(scores.total_variation(binarize(X, kernel)))
    assert design.entropy_2x2 == pytest.approx(
        scores.block_entropy(binarize(X, kernel), period=(2, 2))
    )
    assert compared["relu"].density == pytest.approx((X > 0).mean(axis=(1, 2)))
    assert np.isnan(compared["relu"].entropy_2x2).all()


def test_strength_zero_is_sign() -> None:
    compared = compare_activations(X, PUBLISHED["3x3-symmetric-v2"].scaled(strength=0))
    assert np.array_equal(compared["design"].output, compared["sign"].output)
    assert "agree in every bit" in finding(compared["sign"], compared["design"])


def test_indexing_takes_one_map() -> None:
    design = compare_activations(X, PUBLISHED["2x2-v2"])["design"]
    assert design[1].output.shape == (1, 15, 17)
    assert design[1].tv == design.tv[1]


def test_fidelity_is_higher_for_the_map_itself_than_for_noise() -> None:
    ramp = np.tile(np.linspace(-2, 2, 64, dtype=np.float32), (1, 64, 1))
    dithered = compare_activations(ramp, ThresholdKernel.from_thresholds([[-1, 0.33], [1, -0.33]]))
    psnr_sign, ssim_sign = dithered["sign"].fidelity(ramp)
    psnr_design, ssim_design = dithered["design"].fidelity(ramp)
    assert psnr_design > psnr_sign
    assert ssim_design > ssim_sign


def scored(bits: np.ndarray, period: tuple[int, int] = (1, 1)) -> ActivationScores:
    return ActivationScores(
        output=bits,
        tv=scores.total_variation(bits),
        tv_isotropic=scores.total_variation(bits, "isotropic"),
        density=scores.activation_density(bits),
        entropy_2x2=scores.block_entropy(bits, period=period),
        correlation=np.zeros(1),
    )


FLAT = scored(np.zeros((1, 8, 8), bool))
HALF = scored(np.arange(64).reshape(1, 8, 8) % 8 >= 4)
STRIPES = scored(np.arange(64).reshape(1, 8, 8) % 2 == 1, period=(1, 2))
COINS = scored(np.random.default_rng(1).random((1, 8, 8)) > 0.5)


@pytest.mark.parametrize(
    ("sign", "design", "expected"),
    [
        (HALF, FLAT, "DeSign leaves a flat map, and fires on 0% of the pixels (Sign 50%)."),
        (FLAT, HALF, "Sign leaves a flat map; DeSign shows 0.14 edges per pixel"),
        (STRIPES, HALF, "DeSign shows 0.1 × the edges of Sign, and fires on 50%"),
        (HALF, COINS, "DeSign shows 7.5 × the edges of Sign, and fires on 56%"),
        (HALF, STRIPES, "shows 7.0 × the edges of Sign but keeps less of the picture, 0.00"),
    ],
)
def test_the_finding_says_what_changed(
    sign: ActivationScores, design: ActivationScores, expected: str
) -> None:
    assert expected in finding(sign, design)


@pytest.mark.parametrize(
    ("ratio", "told"),
    [
        (0.949, "0.9 × the edges of Sign"),
        (0.951, "as many edges as Sign"),
        (1.049, "as many edges as Sign"),
        (1.051, "1.1 × the edges of Sign"),
    ],
)
@pytest.mark.parametrize("kept", [0.5, 0.4])
def test_five_percent_make_a_difference(ratio: float, told: str, kept: float) -> None:
    """And a loss of information is told only beside a gain of edges."""

    def scored(output: list[bool], tv: float, entropy: float) -> ActivationScores:
        numbers = (np.array([value]) for value in (tv, tv, 0.5, entropy, 0.0))
        return ActivationScores(np.array([[output]]), *numbers)

    sentence = finding(scored([True, False], 0.2, 0.5), scored([False, True], 0.2 * ratio, kept))
    assert sentence.startswith(f"DeSign shows {told}")
    assert ("keeps less of the picture" in sentence) == (ratio > 1.05 and kept < 0.5)
