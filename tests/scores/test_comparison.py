"""Sign, DeSign and ReLU side by side, and the sentence about them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from design_core import scores
from design_core.kernels.kernel import OMEGA, ThresholdKernel, binarize
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED
from design_core.kernels.spec import rescaled
from design_core.pictures import feature_maps, fit
from design_core.pictures.feature_maps import picture_maps
from design_core.pictures.samples import SAMPLES, sample
from design_core.scaling import fit_scale
from design_core.scores import comparison, formulas
from design_core.scores.comparison import (
    ActivationScores,
    compare_activations,
    edges_finding,
    finding,
)

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


def scored(x: np.ndarray, kernel: ThresholdKernel) -> ActivationScores:
    return compare_activations(x.astype(np.float32), kernel)["design"]


RAMP = np.tile(np.linspace(-2, 2, 32), (1, 32, 1))
SIGN = ThresholdKernel.from_thresholds([[0.0]])
NOISE = np.random.default_rng(1).normal(size=(1, 32, 32))


@pytest.mark.parametrize(
    ("x", "kernel", "expected"),
    [
        (RAMP, [[5.0]], "DeSign leaves nothing of the picture: it fires on 0% of the pixels (Sign"),
        (RAMP + 9, [[9.0]], "Sign leaves nothing of the picture; DeSign keeps 0.29 bits per pixel"),
        (RAMP * 0, [[1.0, -1.0]], "The picture is flat: every pixel has the same value"),
        (RAMP, [[0.0]], "DeSign and Sign agree in every bit here: it fires on 50% of the pixels"),
        (RAMP, [[-1.5, 1.5]], "DeSign keeps less than Sign, 0.22 against 0.29 bits per pixel; 93%"),
        (RAMP, [[-1.0, 1.0]], "91% of its edges belong to the pattern."),
        (RAMP, [[1.0]], "all its edges belong to the picture."),
        (NOISE, [[1.0]], "DeSign keeps less than Sign, 0."),
    ],
)
def test_the_finding_says_what_is_kept_and_whose_edges_they_are(
    x: np.ndarray, kernel: list[list[float]], expected: str
) -> None:
    made = ThresholdKernel.from_thresholds(kernel)
    assert expected in finding(scored(x, SIGN), scored(x, made))


def test_where_the_local_average_parts_from_the_entropy_it_is_heard() -> None:
    """The pagoda drowns in stripes that hold a very little more information."""
    x = picture_maps(fit(sample("china"), 208), "picture").x
    both = compare_activations(x, PUBLISHED["2x2-v2"])
    sign, design = both["sign"], both["design"]
    assert design.entropy_2x2 > sign.entropy_2x2
    assert design.likeness < sign.likeness
    assert finding(sign, design) == (
        "DeSign keeps as many bits per pixel as Sign, 0.40 against 0.39, but its local average is "
        "less like the picture (0.85 against 0.93); 91% of its edges belong to the pattern."
    )
    better = design.fidelity(x)[0] > sign.fidelity(x)[0]
    assert bool(better[0]) == bool(design.likeness[0] > sign.likeness[0])


def test_a_difference_that_no_eye_sees_is_none() -> None:
    """Face and coat are seen under the symmetric kernel alone, which keeps 0.37 against 0.38."""
    x = picture_maps(fit(sample("camera"), 208), "picture").x
    both = compare_activations(x, PATTERNS["symmetric"](4))
    assert finding(both["sign"], both["design"]).startswith(
        "DeSign keeps as much of the picture as Sign, 0.37 against 0.38 bits per pixel; "
    )


@pytest.mark.parametrize(
    ("ratio", "told"),
    [
        (0.949, "0.9 × the edges of Sign"),
        (0.951, "as many edges as Sign"),
        (1.049, "as many edges as Sign"),
        (1.051, "1.1 × the edges of Sign"),
        (0.0949, "0.095 × the edges of Sign"),
        (99.94, "99.9 × the edges of Sign"),
        (120.4, "120 × the edges of Sign"),
    ],
)
def test_five_percent_make_a_difference(ratio: float, told: str) -> None:
    sign = scored(NOISE, SIGN)
    design = replace(scored(NOISE, ThresholdKernel.from_thresholds([[0.5]])), tv=sign.tv * ratio)
    assert edges_finding(sign, design).startswith(f"DeSign shows {told}, and fires on ")


@pytest.mark.parametrize("name", ["2x2-v2", "2x2x4-shifted-v1"])
def test_maps_that_come_a_few_at_a_time_score_the_same(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    x = RNG.normal(size=(7, 33, 41)).astype(np.float32)
    kernel = PUBLISHED[name]
    whole = compare_activations(x, kernel)
    for maps in (1, 3):
        monkeypatch.setattr(comparison, "_BLOCK", maps * 33 * 41)
        monkeypatch.setattr(formulas, "_BLOCK", 100)
        blocked = compare_activations(x, kernel)
        for activation, expected in whole.items():
            for field, value in vars(expected).items():
                found = getattr(blocked[activation], field)
                np.testing.assert_array_equal(found, value, err_msg=f"{activation}, {field}")
                assert found.dtype == value.dtype


@pytest.mark.parametrize("scaling", ["published", "lloyd-max", "quantile", "matlab", "data"])
def test_every_sample_with_every_published_kernel_has_its_finding(scaling: str) -> None:
    for name in SAMPLES:
        x = picture_maps(fit(sample(name), 32), "picture").x
        for kernel in PUBLISHED.values():
            if scaling == "data":
                scaled = kernel.with_scale(fit_scale(x, kernel.level_set))
            elif scaling == "matlab" and kernel.level_set != OMEGA:
                continue  # there are no constants of it
            else:
                scaled = rescaled(kernel, scaling)
            compared = compare_activations(x, scaled)
            assert finding(compared["sign"][0], compared["design"][0]), name


def test_no_maps_have_no_scores() -> None:
    none = compare_activations(np.empty((0, 5, 5), np.float32), PUBLISHED["2x2-v2"])
    assert none["design"].tv.shape == (0,)
    assert none["relu"].output.shape == (0, 5, 5)


def test_convolutions_of_large_pictures_come_some_rows_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = picture_maps(sample("camera"), "random-conv", maps=5).x
    monkeypatch.setattr(feature_maps, "_BLOCK", 27 * 64 * 100)
    blocked = picture_maps(sample("camera"), "random-conv", maps=5).x
    np.testing.assert_allclose(blocked, whole, rtol=0, atol=2e-6)


@pytest.mark.parametrize(
    ("entropy", "told"),
    [(0.515, "as many bits per pixel as Sign"), (0.525, "more bits per pixel than Sign")],
)
def test_a_slight_difference_is_none(entropy: float, told: str) -> None:
    sign = replace(scored(NOISE, SIGN), entropy_2x2=np.array([0.5]))
    other = scored(NOISE, ThresholdKernel.from_thresholds([[0.5]]))
    design = replace(other, entropy_2x2=np.array([entropy]))
    assert finding(sign, design).startswith(f"DeSign keeps {told}")
