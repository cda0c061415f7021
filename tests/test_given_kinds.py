"""What people hold in their hands, names of kernels and tensors, is taken, or told what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import design_core as dc
from design_core.activations import LearnedDeSign
from design_core.networks.swap import with_kernel, with_picture
from design_core.output.figures import activation_figure, figure_caption

KERNEL = dc.published_kernel("2x2-v2")
MAP = np.random.default_rng(0).standard_normal((12, 14)).astype(np.float32)
MAPS = np.stack([MAP, -MAP])


def tiny(activation: str) -> Any:
    torch.manual_seed(0)
    return dc.build_network("tiny", activation=activation).eval()


def scores_of(network: Any) -> Any:
    torch.manual_seed(1)
    return network(torch.randn(2, 1, 8, 8)).detach().numpy()


TAKES_A_KERNEL: dict[str, Callable[[Any], Any]] = {
    "binarize": lambda kernel: dc.binarize(MAPS, kernel),
    "compare_activations": lambda kernel: dc.compare_activations(MAPS, kernel)["design"].output,
    "activation_figure": lambda kernel: len(activation_figure(MAP, kernel).axes),
    "figure_caption": lambda kernel: figure_caption(MAP, kernel).partition("by DeSign (")[2][:60],
    "kernel_svg": lambda kernel: dc.kernel_svg(kernel).count("<rect"),
    "DeSign": lambda kernel: dc.DeSign(kernel)(torch.from_numpy(MAPS)).numpy(),
    "LearnedDeSign": lambda kernel: LearnedDeSign(kernel).thresholds.detach().numpy(),
    "with_kernel": lambda kernel: scores_of(with_kernel(tiny("sign"), kernel)),
}


@pytest.mark.parametrize("name", TAKES_A_KERNEL)
@pytest.mark.parametrize(
    "given",
    [
        "2x2-v2",
        "1 1;3 3",
        np.str_("2x2-v2"),
        KERNEL.thresholds.tolist(),
        torch.tensor(KERNEL.thresholds, requires_grad=True),
    ],
    ids=["name", "levels", "NumPy's text", "list", "tensor"],
)
def test_a_kernel_is_given_by_name_or_by_thresholds(name: str, given: Any) -> None:
    take = TAKES_A_KERNEL[name]
    np.testing.assert_array_equal(take(given), take(KERNEL))


def test_a_kernel_is_written_and_linked_by_its_name() -> None:
    assert dc.encode_kernel("2x2-v2") == dc.encode_kernel(KERNEL)
    assert dc.write_kernel("2x2-v2", "json") == dc.write_kernel(KERNEL, "json")
    seen = tiny("sign")
    with pytest.raises(ValueError, match="no pictures of one bit"):
        with_picture(seen, "2x2-v2")


@pytest.mark.parametrize("name", TAKES_A_KERNEL)
@pytest.mark.parametrize("given", ["2x2-v9", "", None, [[1, 2], [3]]])
def test_what_is_no_kernel_is_refused_in_words(name: str, given: Any) -> None:
    if name == "with_kernel" and given is None:
        pytest.skip("None is plain Sign there.")
    with pytest.raises(ValueError, match="kernel"):
        TAKES_A_KERNEL[name](given)


TENSORS = {
    "plain": lambda x: torch.from_numpy(x),
    "with a gradient": lambda x: torch.from_numpy(x).clone().requires_grad_(),
    "float64": lambda x: torch.from_numpy(x).double(),
}

TAKES_MAPS: dict[str, Callable[[Any], Any]] = {
    "binarize": lambda x: dc.binarize(x, KERNEL),
    "compare_activations": lambda x: dc.compare_activations(x[None], KERNEL)["design"].tv,
    "activation_figure": lambda x: len(activation_figure(x, KERNEL).axes),
    "grey_png": lambda x: dc.grey_png(x),
    "heat_png": lambda x: dc.heat_png(abs(x)),
    "bits_png": lambda x: dc.bits_png(x > 0),
    "bits_png of ±1": lambda x: dc.bits_png(2.0 * (x > 0) - 1),
    "enlarge": lambda x: dc.enlarge(x, 2),
    "total_variation": lambda x: dc.total_variation(x),
    "tv_map": lambda x: dc.tv_map(x),
    "activation_density": lambda x: dc.activation_density(x > 0),
    "block_entropy": lambda x: dc.block_entropy(x > 0),
    "correlation": lambda x: dc.correlation(x > 0, x),
    "reconstruct": lambda x: dc.reconstruct(x > 0, x),
    "psnr": lambda x: dc.psnr(x, x + 1),
    "ssim": lambda x: dc.ssim(x, x + 1),
    "standardize": lambda x: dc.standardize(x),
}


@pytest.mark.parametrize("name", TAKES_MAPS)
@pytest.mark.parametrize("kind", TENSORS)
def test_maps_may_be_tensors(name: str, kind: str) -> None:
    take, tensor = TAKES_MAPS[name], TENSORS[kind](MAP)
    expected = take(tensor.detach().numpy())
    found = take(tensor)
    if isinstance(expected, bytes):
        assert found == expected
    else:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", TAKES_MAPS)
def test_maps_of_bfloat16_are_widened(name: str) -> None:
    tensor = torch.from_numpy(MAP).bfloat16()
    found, expected = TAKES_MAPS[name](tensor), TAKES_MAPS[name](tensor.float().numpy())
    if isinstance(expected, bytes):
        assert found == expected
    else:  # a sum within bfloat16, as in x + 1, is rounded once more
        np.testing.assert_allclose(found, expected, rtol=0.05)


@pytest.mark.parametrize(
    "draw", [dc.bits_png, dc.grey_png, dc.heat_png, lambda x: dc.enlarge(x, 2)]
)
def test_several_maps_are_no_picture(draw: Callable[[Any], object]) -> None:
    with pytest.raises(ValueError, match=r"shape \(H, W\).*maps\[0\]"):
        draw(MAPS)


def test_what_is_no_bit_is_not_drawn_or_counted_as_one() -> None:
    with pytest.raises(ValueError, match="Bits are 0 and 1"):
        dc.bits_png(MAP)
    with pytest.raises(ValueError, match="bits > 0"):
        dc.block_entropy(np.sign(MAP))


@pytest.mark.parametrize(
    "cut",
    [dc.sign, dc.threshold_sign, dc.Sign(), dc.DeSign(KERNEL)],
    ids=lambda one: repr(one)[:12],
)
def test_an_array_is_no_input_of_an_activation(cut: Callable[[Any], object]) -> None:
    with pytest.raises(ValueError, match=r"take torch tensors; got ndarray.*binarize"):
        cut(MAPS)


@pytest.mark.parametrize("kind", [dc.Sign, lambda **options: dc.DeSign(KERNEL, **options)])
@pytest.mark.parametrize("surrogate", ["ste", "", None, 3])
def test_an_unknown_surrogate_is_told_when_the_layer_is_made(kind: Any, surrogate: Any) -> None:
    with pytest.raises(ValueError, match=r"Unknown surrogate gradient .*choose one of clip"):
        kind(surrogate=surrogate)


@pytest.mark.parametrize("other", ["3x3-symmetric-v1", KERNEL, None])
def test_a_kernel_is_not_assigned_in_silence(other: Any) -> None:
    activation = dc.DeSign(KERNEL)
    with pytest.raises(AttributeError, match="with_kernel"):
        activation.kernel = other
