"""Weights and activations of several bits against plain transcriptions in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import nn

from design_core.activations import DeSign, LearnedDeSign, Sign
from design_core.engine.folding import UnpackableError
from design_core.engine.packing import pack
from design_core.networks import NetworkSpec, build_network
from design_core.networks.binarizers import Abc, Dorefa, DorefaBits, build_binarizer, combined
from design_core.networks.facts import PLANE_OPTIONS
from design_core.networks.layers import BinaryConv2d, binary_layers, set_training_type
from design_core.networks.multi_bit import (
    DitheredQuantizer,
    MultiBit,
    ShiftedSigns,
    with_bases,
    with_bits,
)
from design_core.networks.summary import summary
from design_core.training.trainer import _parameter_groups

pytestmark = pytest.mark.quick

Floats = NDArray[np.float64]
KERNEL = torch.tensor([[[0.25, 0.5], [0.75, -0.5]]], dtype=torch.float64)
GENERATOR = np.random.default_rng(0)


def tiled(kernel: Floats, shape: tuple[int, ...]) -> Floats:
    """A kernel over maps (N, C, H, W), cell by cell."""
    out = np.empty(shape)
    for _, c, i, j in np.ndindex(*shape):
        out[:, c, i, j] = kernel[c % len(kernel), i % kernel.shape[1], j % kernel.shape[2]]
    return out


# Weights


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_dorefa_weights_are_rounded_between_minus_one_and_one(bits: int) -> None:
    latent = GENERATOR.normal(size=(3, 2, 3, 3))
    gradient = GENERATOR.normal(size=latent.shape)
    steps = 2**bits - 1
    bounded = np.tanh(latent)
    most = np.abs(bounded).max()
    wanted = 2 * np.round((bounded / most / 2 + 0.5) * steps) / steps - 1
    ours = torch.tensor(latent, requires_grad=True)
    values, scale = DorefaBits(3, bits).factors(ours)
    assert scale is None
    np.testing.assert_allclose(values.detach().numpy(), wanted, atol=1e-12)
    assert len(np.unique(np.round(wanted, 9))) <= 2**bits
    # The gradient of tanh(W) / max|tanh(W)|, by hand: the maximum is itself a weight.
    at = np.unravel_index(np.abs(bounded).argmax(), latent.shape)
    expected = gradient * (1 - bounded**2) / most
    through = (gradient * bounded).sum() / most**2
    expected[at] -= through * np.sign(bounded[at]) * (1 - bounded[at] ** 2)
    values.backward(torch.tensor(gradient))
    assert ours.grad is not None
    np.testing.assert_allclose(ours.grad.numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("binarizer", [DorefaBits(3, 2), DorefaBits(3, 4), Abc(3, 2), Abc(3, 3)])
def test_planes_are_bits_whose_scaled_sum_is_the_weight(binarizer: DorefaBits | Abc) -> None:
    latent = torch.randn(3, 2, 3, 3)
    planes, scales = binarizer(latent)
    assert planes.shape == (binarizer.planes, *latent.shape)
    assert set(planes.unique().tolist()) == {-1.0, 1.0}
    assert torch.equal(combined(planes, scales), binarizer.factors(latent)[0])


def test_one_bit_of_dorefa_is_the_binarizer_of_that_name() -> None:
    assert type(build_binarizer("dorefa", 4, weight_bits=1)) is Dorefa


@pytest.mark.parametrize("bases", [2, 3, 5])
def test_abc_bases_and_scales_are_the_least_squares_fit(bases: int) -> None:
    latent = GENERATOR.normal(0.1, 0.4, size=(4, 3, 3, 3))
    gradient = GENERATOR.normal(size=latent.shape)
    deviation = np.sqrt(((latent - latent.mean()) ** 2).mean())
    shifts = [-1 + 2 * k / (bases - 1) for k in range(bases)]
    planes = np.stack(
        [np.where(latent - latent.mean() + u * deviation >= 0, 1.0, -1.0) for u in shifts]
    )
    scales, *_ = np.linalg.lstsq(planes.reshape(bases, -1).T, latent.ravel(), rcond=None)
    ours = torch.tensor(latent, requires_grad=True)
    bits, alpha = Abc(4, bases)(ours)
    assert np.array_equal(bits.detach().numpy(), planes)
    np.testing.assert_allclose(alpha.numpy(), scales, rtol=1e-6)
    Abc(4, bases).factors(ours)[0].backward(torch.tensor(gradient))
    assert ours.grad is not None
    np.testing.assert_allclose(ours.grad.numpy(), gradient * scales.sum(), rtol=1e-6)


def test_abc_of_one_base_has_a_closed_form() -> None:
    latent = torch.randn(4, 3, 3, 3, dtype=torch.float64)
    bits, scale = Abc(4)(latent)
    assert torch.equal(bits, torch.where(latent >= latent.mean(), 1.0, -1.0).double())
    torch.testing.assert_close(scale, (bits * latent).mean())


def test_abc_of_equal_weights_has_finite_scales_that_sum_to_them() -> None:
    planes, scales = Abc(2, 3)(torch.full((2, 4), 0.5))
    torch.testing.assert_close(combined(planes, scales), torch.full((2, 4), 0.5))
    torch.testing.assert_close(scales, torch.full((3,), 1 / 6))


# Activations


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_a_dithered_quantizer_counts_the_thresholds_that_x_reaches(bits: int) -> None:
    x = GENERATOR.normal(size=(2, 3, 5, 4))
    gradient = GENERATOR.normal(size=x.shape)
    steps = 2**bits - 1
    moved = x - tiled(KERNEL.numpy(), x.shape) / steps
    thresholds = [(2 * m - steps - 1) / steps for m in range(1, steps + 1)]
    assert np.abs(np.subtract.outer(moved, thresholds)).min() > 1e-6  # no tie, no rounding
    wanted = sum(2.0 * (moved >= t) for t in thresholds) / steps - 1
    ours = torch.tensor(x, requires_grad=True)
    y = DitheredQuantizer(KERNEL, bits)(ours)
    np.testing.assert_allclose(y.detach().numpy(), wanted, atol=1e-12)
    y.backward(torch.tensor(gradient))
    assert ours.grad is not None
    np.testing.assert_allclose(ours.grad.numpy(), gradient * (np.abs(moved) <= 1), atol=1e-12)


@pytest.mark.parametrize("surrogate", ["clip", "triangular", "swish"])
def test_one_bit_is_design(surrogate: str) -> None:
    x = torch.randn(2, 3, 6, 6, dtype=torch.float64)
    gradient = torch.randn_like(x)
    results = []
    for act in (DeSign(KERNEL.numpy(), surrogate), DitheredQuantizer(KERNEL, 1, surrogate)):
        own = x.clone().requires_grad_()
        y = act(own)
        y.backward(gradient)
        results.append((y.detach(), own.grad))
    torch.testing.assert_close(results[0], results[1])


def test_without_a_kernel_the_quantizer_is_dorefas_on_minus_one_to_one() -> None:
    x = torch.linspace(-1.5, 1.5, 1001, dtype=torch.float64).view(1, 1, 1, -1)
    y = DitheredQuantizer(torch.zeros(1, 1, 1), 2)(x)
    wanted = 2 * np.round((x.clamp(-1, 1).numpy() + 1) / 2 * 3) / 3 - 1
    np.testing.assert_allclose(y.numpy(), wanted, atol=1e-12)


def test_bits_of_nan_are_refused() -> None:
    with pytest.raises(ValueError, match="are NaN"):
        DitheredQuantizer(KERNEL, 2)(torch.full((1, 1, 2, 2), torch.nan))


@pytest.mark.parametrize("bases", [1, 2, 3])
def test_shifted_signs_against_the_papers_formulas(bases: int) -> None:
    x = GENERATOR.normal(size=(2, 3, 4, 4))
    gradient = GENERATOR.normal(size=x.shape)
    act = ShiftedSigns(KERNEL, bases).double()
    with torch.no_grad():
        act.shifts += 0.05
        act.scales += torch.arange(bases)
    shifts, scales = act.shifts.detach().numpy(), act.scales.detach().numpy()
    moved = x - tiled(KERNEL.numpy(), x.shape)
    y, slope = np.zeros_like(x), np.zeros_like(x)
    of_shifts, of_scales = [], []
    for t, beta in zip(shifts, scales, strict=True):
        v = 0.5 - t
        bits = np.where(np.clip(moved + v, 0, 1) - 0.5 >= 0, 1.0, -1.0)
        inside = (moved + v >= 0) & (moved + v <= 1)
        y += beta * bits
        slope += beta * inside
        of_shifts.append(-(gradient * beta * inside).sum())  # t = ½ − v
        of_scales.append((gradient * bits).sum())
    ours = torch.tensor(x, requires_grad=True)
    result = act(ours)
    result.backward(torch.tensor(gradient))
    assert ours.grad is not None
    assert act.shifts.grad is not None
    assert act.scales.grad is not None
    np.testing.assert_allclose(result.detach().numpy(), y, atol=1e-12)
    np.testing.assert_allclose(ours.grad.numpy(), gradient * slope, atol=1e-12)
    np.testing.assert_allclose(act.shifts.grad.numpy(), of_shifts, atol=1e-9)
    np.testing.assert_allclose(act.scales.grad.numpy(), of_scales, atol=1e-9)


def test_shifts_begin_at_normal_quantiles_and_one_base_as_the_kernel() -> None:
    act = ShiftedSigns(torch.zeros(1, 1, 1), 3)
    wanted = stats.norm.ppf([1 / 6, 1 / 2, 5 / 6])
    np.testing.assert_allclose(act.shifts.detach().numpy(), wanted, atol=1e-6)
    x = torch.randn(1, 2, 4, 4)
    assert torch.equal(with_bases(DeSign("2x2-v2"), 1)(x), DeSign("2x2-v2")(x))


# Networks


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"weight_bits": 2}, "weight_bits=2 needs binarizer=dorefa"),
        ({"weight_bases": 2}, "weight_bases=2 needs binarizer=abc"),
        ({"activation_bases": 2}, "activation_bases=2 needs binarizer=abc"),
        ({"binarizer": "abc", "activation_bits": 2}, "exclude each other"),
        ({"activation": "hardtanh", "activation_bits": 2}, "keeps real values"),
        ({"activation": "learned:channel", "activation_bits": 2}, "needs constant thresholds"),
        ({"activation": "learned:channel", "binarizer": "abc"}, "needs constant thresholds"),
        ({"activation_bits": 9}, "from 1 to 8; got 9"),
        ({"binarizer": "dorefa", "weight_bits": 9}, "from 1 to 8; got 9"),
    ],
)
def test_bits_that_do_not_fit_are_told(options: dict[str, str | int], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        build_network("tiny", **options)


def activations(model: nn.Module) -> list[nn.Module]:
    return [module for module in model.modules() if isinstance(module, MultiBit | Sign | DeSign)]


def test_one_bit_changes_no_network() -> None:
    assert {type(act) for act in activations(build_network("tiny"))} == {Sign}
    assert isinstance(with_bits(LearnedDeSign("2x2-v2"), 1), LearnedDeSign)


def test_planes_count_in_the_summary() -> None:
    one, more = (
        summary(build_network("tiny", width=4, binarizer="dorefa", **options), (1, 8, 8))
        for options in ({}, {"weight_bits": 2, "activation_bits": 4})
    )
    assert more.total("binary_macs") == 8 * one.total("binary_macs")
    assert more.total("binary_parameters") == 2 * one.total("binary_parameters")
    assert more.total("real_macs") == one.total("real_macs")
    layers = [layer for layer in more.layers if layer.kind == "BinaryConv2d"]
    assert [layer.latent_bytes for layer in layers] == [
        4 * (layer.binary_parameters // 2 + 2) for layer in layers
    ]


def test_only_products_of_bits_are_multiplied_in_bfloat16() -> None:
    kinds = {}
    for name, options in {
        "bnn": {},
        "bits": {"activation_bits": 2},
        "abc": {"binarizer": "abc"},
    }.items():
        model = build_network("vgg_small", width=4, first="binary", **options)
        set_training_type(model, torch.bfloat16)
        kinds[name] = [layer.training_type for _, layer in binary_layers(model)]
    assert set(kinds["bnn"]) == {torch.bfloat16}
    assert kinds["bits"][0] == torch.bfloat16  # the picture is no activation
    assert set(kinds["bits"][1:]) == set(kinds["abc"]) == {torch.float32}


def test_decay_leaves_shifts_and_scales_alone() -> None:
    model = build_network("tiny", width=4, binarizer="abc", activation_bases=2)
    rest, own = _parameter_groups(model)
    assert own["weight_decay"] == 0
    assert len(own["params"]) == 2 * len(activations(model))
    assert len(rest["params"]) + len(own["params"]) == len(list(model.parameters()))


@pytest.mark.parametrize(
    "options",
    [
        {"binarizer": "dorefa", "weight_bits": 2},
        {"activation_bits": 2},
        {"binarizer": "abc", "weight_bases": 2},
        {"binarizer": "abc"},
    ],
)
def test_the_engine_names_the_options_that_it_does_not_run(options: dict[str, str | int]) -> None:
    model = build_network("tiny", width=4, **options).eval()
    with pytest.raises(UnpackableError, match="weight_bits, activation_bits, weight_bases and"):
        pack(model, (1, 8, 8))


def test_a_layer_of_planes_is_the_sum_of_its_one_bit_products() -> None:
    layer = BinaryConv2d(4, 6, binarizer=build_binarizer("abc", 6, weight_bases=3))
    act = ShiftedSigns(torch.zeros(1, 1, 1), 2)
    x = torch.randn(2, 4, 5, 5)
    planes, alphas = layer.binary_weight()
    assert alphas is not None
    products = 0.0
    for beta, shift in zip(act.scales, act.shifts, strict=True):
        bits = nn.functional.pad(torch.where(x >= shift, 1.0, -1.0), (1,) * 4, value=1.0)
        for plane, alpha in zip(planes, alphas, strict=True):
            products = products + alpha * beta * nn.functional.conv2d(bits, plane)
    padded = act(nn.functional.pad(x, (1,) * 4, value=9.0))[:, :, 1:-1, 1:-1]
    assert torch.equal(padded, act(x))
    inside = (slice(None), slice(None), slice(1, -1), slice(1, -1))
    torch.testing.assert_close(layer(act(x))[inside], products[inside], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "bits"),
    [
        ({}, True),
        ({"binarizer": "dorefa", "weight_bits": 2}, True),
        ({"activation_bits": 2}, False),
        ({"binarizer": "abc"}, False),
        ({"activation": "hardtanh"}, False),
    ],
)
def test_pages_ask_whether_activations_are_bits(options: dict[str, str | int], bits: bool) -> None:
    assert NetworkSpec("tiny", options).gives_bits == bits


def test_descriptions_name_bits_only_where_there_are_several() -> None:
    old = NetworkSpec.from_dict({"name": "tiny", "activation": "sign"})
    assert old.options["activation_bits"] == 1
    assert not set(old.to_dict()) & set(PLANE_OPTIONS)
    new = NetworkSpec("tiny", {"activation_bits": 2})
    assert set(new.to_dict()) & set(PLANE_OPTIONS) == {"activation_bits"}
    for spec in (old, new):
        assert NetworkSpec.from_dict(spec.to_dict()) == spec
