"""Binary layers against brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from design_core.networks.layers import (
    PADDINGS,
    BinaryConv2d,
    BinaryLinear,
    constrain_latent_weights,
    pad_maps,
    set_training_progress,
)
from design_core.networks.registry import build_network


def beyond_border(x: Tensor, n: int, c: int, i: int, j: int, padding: str) -> float:
    """One value of a padded map, by definition."""
    height, width = x.shape[-2:]
    if 0 <= i < height and 0 <= j < width:
        return float(x[n, c, i, j])
    if padding == "replicate":
        return float(x[n, c, min(max(i, 0), height - 1), min(max(j, 0), width - 1)])
    return {"one": 1.0, "zero": 0.0}[padding]


def signs(*shape: int, seed: int = 0) -> Tensor:
    coins = np.random.default_rng(seed).integers(0, 2, size=shape)
    return torch.tensor(2 * coins - 1, dtype=torch.float32)


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("stride", [1, 2])
def test_convolution_against_loops(padding: str, stride: int) -> None:
    x = signs(2, 3, 5, 4)
    layer = BinaryConv2d(3, 2, stride=stride, padding=padding)
    bits = np.where(layer.weight.detach().numpy() >= 0, 1.0, -1.0)
    y = layer(x)
    assert y.shape == (2, 2, -(-5 // stride), -(-4 // stride))
    for n, o, i, j in itertools.product(*map(range, y.shape)):
        expected = sum(
            bits[o, c, u, v]
            * beyond_border(x, n, c, i * stride + u - 1, j * stride + v - 1, padding)
            for c, u, v in itertools.product(range(3), range(3), range(3))
        )
        assert y[n, o, i, j].item() == expected


@pytest.mark.parametrize("padding", PADDINGS)
def test_padding_against_definition(padding: str) -> None:
    x = torch.randn(1, 2, 3, 5)
    padded = pad_maps(x, 2, padding)
    assert padded.shape == (1, 2, 7, 9)
    for c, i, j in itertools.product(range(2), range(7), range(9)):
        assert padded[0, c, i, j].item() == beyond_border(x, 0, c, i - 2, j - 2, padding)


def test_no_margin_no_padding() -> None:
    x = torch.randn(1, 2, 3, 3)
    assert pad_maps(x, 0, "one") is x


def test_linear_layer_sums_products_of_bits() -> None:
    x = signs(4, 7)
    layer = BinaryLinear(7, 3)
    expected = x.numpy() @ np.where(layer.weight.detach().numpy() >= 0, 1, -1).T
    assert np.array_equal(layer(x).detach().numpy(), expected)


def test_scale_multiplies_the_output() -> None:
    x = signs(1, 4, 3, 3)
    layer = BinaryConv2d(4, 2, binarizer="xnor")
    bits, scale = layer.binary_weight()
    assert scale is not None
    effective = bits * scale.view(-1, 1, 1, 1)
    expected = torch.nn.functional.conv2d(pad_maps(x, 1, "one"), effective)
    torch.testing.assert_close(layer(x), expected)


def test_bfloat16_products_of_even_sums_to_512_are_exact() -> None:
    layer = BinaryConv2d(32, 16)  # 288 products, so even sums of at most 288
    x = signs(2, 32, 6, 6)
    exact = layer(x)
    layer.training_type = torch.bfloat16
    assert torch.equal(layer.train()(x), exact)


def test_evaluation_is_exact_whatever_the_training_type() -> None:
    layer = BinaryConv2d(200, 1)
    layer.weight.data.fill_(1)
    layer.training_type = torch.bfloat16
    x = torch.ones(1, 200, 3, 3)
    x[0, 0, 1, 1] = -1
    assert layer.eval()(x)[0, 0, 1, 1].item() == 1798
    assert layer.train()(x)[0, 0, 1, 1].item() != 1798


@pytest.mark.parametrize("binarizer", ["bnn", "xnor", "dorefa", "recu", "abc"])
def test_gradient_reaches_every_latent_weight(binarizer: str) -> None:
    torch.manual_seed(0)
    layer = BinaryConv2d(3, 4, binarizer=binarizer)
    y = layer(signs(2, 3, 5, 5))
    y.backward(torch.randn_like(y))
    assert layer.weight.grad is not None
    assert layer.weight.grad.isfinite().all()
    assert (layer.weight.grad != 0).all()


def test_constraint_is_applied_to_every_layer_of_a_network() -> None:
    model = build_network("tiny", width=4)
    layers = [module for module in model.modules() if isinstance(module, BinaryConv2d)]
    for layer in layers:
        layer.weight.data.mul_(100)
    constrain_latent_weights(model)
    assert len(layers) == 3
    assert all(layer.weight.abs().max() == 1 for layer in layers)


def test_training_progress_reaches_recu() -> None:
    model = build_network("resnet20", width=2)
    set_training_progress(model, 1.0)
    taus = [tensor for name, tensor in model.named_buffers() if name.endswith("tau")]
    assert len(taus) == 18
    assert all(tau.item() == pytest.approx(0.99) for tau in taus)


def test_unknown_padding_is_refused() -> None:
    with pytest.raises(ValueError, match="Unknown padding 'mirror'; choose one of one"):
        BinaryConv2d(1, 1, padding="mirror")
    with pytest.raises(ValueError, match="Unknown padding 'mirror'"):
        pad_maps(torch.zeros(1, 1, 2, 2), 1, "mirror")
