"""The max-pool against torch's own; the low-pass against a convolution by SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve
from torch import nn

from design_core.engine import UnpackableError, pack
from design_core.networks import build_network
from design_core.networks.pooling import LowPass, MaxPool2x2
from design_core.zoo.stored_network import described


@pytest.mark.parametrize("shape", [(2, 3, 8, 6), (1, 5, 7, 9), (2, 4, 2, 2), (3, 1, 3, 2)])
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
def test_values_and_gradients_are_torchs(
    shape: tuple[int, ...], kind: torch.dtype, order: torch.memory_format
) -> None:
    # Of five values, so that most windows tie; −0 and 0 tie too.
    x = torch.randint(-2, 3, shape).to(kind) * torch.where(torch.rand(shape) < 0.5, -1, 1).to(kind)
    results = []
    for pool in (MaxPool2x2(), nn.MaxPool2d(2)):
        leaf = x.clone(memory_format=order).requires_grad_()
        y = pool(leaf)
        y.backward(torch.arange(1, y.numel() + 1).view(y.shape).to(kind))
        assert leaf.grad is not None
        results.append((y.detach(), leaf.grad))
    (y, gradient), (expected, expected_gradient) = results
    assert y.dtype == gradient.dtype == kind
    assert torch.equal(y, expected)
    assert torch.equal(gradient, expected_gradient)


@pytest.mark.slow
def test_compiled_as_eager() -> None:
    """As training runs it: compiled, channels last."""
    pool = MaxPool2x2()
    x = torch.randint(-3, 4, (4, 16, 8, 8)).float().to(memory_format=torch.channels_last)
    gradients = []
    for forward in (pool, torch.compile(pool, dynamic=False)):
        leaf = x.clone().requires_grad_()
        (forward(leaf) ** 3).sum().backward()
        assert leaf.grad is not None
        gradients.append(leaf.grad)
    assert torch.equal(*gradients)


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
def test_the_low_pass_is_a_binomial_convolution(order: torch.memory_format) -> None:
    x = torch.randn(2, 3, 5, 7, dtype=torch.float64).clone(memory_format=order)
    weights = np.outer([1, 2, 1], [1, 2, 1]) / 16
    expected = [[convolve(one, weights, mode="nearest") for one in maps] for maps in x.numpy()]
    np.testing.assert_allclose(LowPass()(x).numpy(), expected)
    one_pixel = torch.randn(1, 2, 1, 1)
    torch.testing.assert_close(LowPass()(one_pixel), one_pixel)


def test_networks_with_a_low_pass_are_not_packed() -> None:
    network = build_network("vgg_small", width=2, image_size=8, low_pass=True).eval()
    assert isinstance(network.blocks["block1"].low_pass, LowPass)
    with pytest.raises(UnpackableError, match="low-pass"):
        pack(network, (3, 8, 8))
    asked = {"name": "vgg_small", "activation": "sign", "padding": "one", "low_pass": True}
    with pytest.raises(UnpackableError, match="smooths"):
        described(asked, {}, (3, 8, 8))
