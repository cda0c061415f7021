"""Sign and DeSign against closed forms and plain loops, forward and backward."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from design_core.activations import (
    SURROGATES,
    DeSign,
    HardTanh,
    LearnedDeSign,
    ReLU,
    Sign,
    sign,
    threshold_sign,
)
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.patterns import random_levels
from design_core.kernels.published import PUBLISHED
from design_core.kernels.spec import parse_kernel

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


# Closed forms of the pseudo-gradients, as functions of u.


def clip_of(u: float) -> float:
    return 1.0 if -1 <= u <= 1 else 0.0


def triangular_of(u: float) -> float:
    return max(0.0, 2 - 2 * abs(u))


def polynomial_of(u: float) -> float:
    """ApproxSign's two parabolas, differentiated by hand."""
    if -1 <= u < 0:
        return 2 + 2 * u
    return 2 - 2 * u if 0 <= u < 1 else 0.0


def swish_of(u: float) -> float:
    beta = 5.0
    if abs(beta * u) > 300:
        return 0.0
    return beta * (2 - beta * u * math.tanh(beta * u / 2)) / (1 + math.cosh(beta * u))


CLOSED_FORMS: dict[str, Callable[[float], float]] = {
    "clip": clip_of,
    "triangular": triangular_of,
    "polynomial": polynomial_of,
    "swish": swish_of,
}
# Around every kink, on it, and far away.
GRID = [
    *np.linspace(-2, 2, 81).tolist(),
    *(kink + step for kink in (-1.0, 0.0, 1.0) for step in (-1e-6, 1e-6)),
    *(-1e4, 1e4, -80.0, 16.0, 16.1),
]


def gradient(output_of: Callable[[Tensor], Tensor], x: Tensor, seed: Tensor) -> Tensor:
    x = x.clone().requires_grad_()
    output_of(x).backward(seed)
    assert x.grad is not None
    return x.grad


# Sign.


@pytest.mark.parametrize("dtype", [*DTYPES, torch.int64])
def test_sign_has_two_values(dtype: torch.dtype) -> None:
    x = torch.tensor([-3, -1, 0, 1, 3], dtype=dtype)
    assert sign(x).tolist() == [-1, -1, 1, 1, 1]
    assert sign(x).dtype == dtype


def test_sign_of_zeros_and_infinities() -> None:
    x = torch.tensor([0.0, -0.0, 1e-45, -1e-45, math.inf, -math.inf])
    assert sign(x).tolist() == [1, 1, 1, -1, 1, -1]
    assert Sign()(x).tolist() == sign(x).tolist()
    assert DeSign([[0.0]])(x[None, None]).flatten().tolist() == sign(x).tolist()


def test_sign_leaves_its_argument_alone_and_carries_no_gradient() -> None:
    x = torch.tensor([-0.5, 0.5], requires_grad=True)
    assert not sign(x).requires_grad
    assert x.tolist() == [-0.5, 0.5]


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4, 5, 6)])
def test_sign_takes_any_shape(shape: tuple[int, ...]) -> None:
    assert Sign()(torch.zeros(shape)).shape == shape


def test_sign_of_strided_maps() -> None:
    x = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    for view in (x.transpose(1, 3), x.to(memory_format=torch.channels_last), x[:, ::2, 1:]):
        assert torch.equal(sign(view), torch.where(view >= 0, 1.0, -1.0))
    assert torch.equal(sign(x[:1].expand(4, 3, 4, 5)), sign(x[:1]).expand(4, 3, 4, 5))


# Pseudo-gradients.


@pytest.mark.parametrize("name", SURROGATES)
def test_gradients_are_those_of_the_closed_form(name: str) -> None:
    u = torch.tensor(GRID, dtype=torch.float64)
    seed = torch.linspace(-2, 3, len(u), dtype=torch.float64)
    expected = [CLOSED_FORMS[name](value) for value in u.tolist()] * seed.numpy()
    result = gradient(lambda x: threshold_sign(x, None, name), u, seed)
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", SURROGATES)
def test_gradients_are_centred_on_the_threshold(name: str) -> None:
    u = torch.tensor(GRID, dtype=torch.float64)
    threshold = torch.tensor(0.75, dtype=torch.float64)  # u + 0.75 − 0.75 is exact near the kinks
    seed = torch.ones_like(u)
    plain = gradient(lambda x: threshold_sign(x, None, name), u, seed)
    moved = gradient(lambda x: threshold_sign(x, threshold, name), u + threshold, seed)
    torch.testing.assert_close(moved, plain, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", SURROGATES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_stay_finite_far_away(name: str, dtype: torch.dtype) -> None:
    x = torch.tensor([-6e4, -100.0, 100.0, 6e4, math.inf, -math.inf], dtype=dtype)
    result = gradient(lambda x: threshold_sign(x, None, name), x, torch.ones_like(x))
    assert result.double().abs().max() < 1e-30


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "cut",
    [sign, Sign(), DeSign([[0.5, -0.5]]), Sign("triangular")],
    ids=["sign", "Sign", "DeSign", "triangular"],
)
def test_nan_does_not_pass_a_cut(cut: Callable[[Tensor], Tensor], dtype: torch.dtype) -> None:
    x = torch.zeros(2, 3, 4, 5, dtype=dtype)
    x[0, 0, 0] = math.inf
    x[1, 1, 1] = -math.inf
    assert set(cut(x).unique().tolist()) == {-1, 1}
    for memory in (torch.contiguous_format, torch.channels_last):
        spoilt = x.to(memory_format=memory)
        spoilt[1, 2, 3, 4] = math.nan
        with pytest.raises(ValueError, match="1 of 120 values before a cut are NaN"):
            cut(spoilt)


@pytest.mark.parametrize("make", [Sign, lambda name: DeSign([[1.0]], name)], ids=["Sign", "DeSign"])
def test_an_unknown_surrogate_is_told_at_construction(make: Callable[[str], object]) -> None:
    with pytest.raises(ValueError, match=r"surrogate gradient 'ste'.*clip.*swish"):
        make("ste")


@pytest.mark.parametrize("words", ["2x2-v2", "bayer-4", "[1 1; 3 3]", "2x2-v2@lloyd-max"])
def test_a_kernel_may_be_named(words: str) -> None:
    expected = DeSign(parse_kernel(words)).thresholds
    assert torch.equal(DeSign(words).thresholds, expected)
    with pytest.raises(ValueError, match="Unknown kernel '2x2-v9'"):
        DeSign("2x2-v9")


def test_a_kernel_is_not_assigned_in_silence() -> None:
    for activation in (Sign(), DeSign("2x2-v2"), LearnedDeSign("2x2-v2")):
        with pytest.raises(AttributeError, match="keeps no kernel, only its thresholds"):
            activation.kernel = parse_kernel("2x2-v1")


def test_shapes_without_numbers_are_cut_too() -> None:
    with torch.device("meta"):
        assert Sign()(torch.empty(1, 2, 3, 3)).shape == (1, 2, 3, 3)


@pytest.mark.parametrize("name", ["clip", "triangular", "polynomial", "swish"])
def test_each_pseudo_gradient_is_even_with_the_area_of_a_step(name: str) -> None:
    # Sign rises by 2; so does every smooth stand-in for it.
    u = torch.linspace(-20, 20, 400_001, dtype=torch.float64)
    g = SURROGATES[name](u.abs())
    assert torch.equal(g, g.flip(0))
    assert float(torch.trapezoid(g, u)) == pytest.approx(2, abs=1e-4)


def test_unknown_surrogates_are_refused_with_those_known() -> None:
    with pytest.raises(ValueError, match="'ste'; choose one of clip, triangular, polynomial, swis"):
        threshold_sign(torch.zeros(1), None, "ste")


def test_the_derivative_of_a_pseudo_gradient_is_not_taken() -> None:
    x = torch.tensor([0.5], requires_grad=True)
    (first,) = torch.autograd.grad((Sign("triangular")(x) * x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


# DeSign.

KERNELS = {
    **PUBLISHED,
    "random-3x2x5": random_levels(2, 5, slices=3, seed=1),
    "lloyd-max, moved": PUBLISHED["2x2x4-shifted-v1"].scaled("lloyd-max", strength=-0.7, offset=1),
}
SHAPES = [(2, 5, 7, 9), (1, 4, 8, 8), (3, 3, 5, 4), (1, 1, 1, 1)]


def by_loops(x: Tensor, kernel: ThresholdKernel, name: str) -> tuple[Tensor, Tensor]:
    """Outputs and pseudo-gradients, pixel by pixel, in the type of x."""
    s, d1, d2 = kernel.shape
    thresholds = torch.tensor(kernel.thresholds, dtype=torch.float32).to(x.dtype)
    output, pseudo = torch.empty_like(x), torch.empty_like(x)
    for n, c, i, j in np.ndindex(*x.shape):
        t = thresholds[c % s, i % d1, j % d2]
        output[n, c, i, j] = 1.0 if x[n, c, i, j] >= t else -1.0
        pseudo[n, c, i, j] = CLOSED_FORMS[name](float(x[n, c, i, j] - t))
    return output, pseudo


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_forward_and_backward_equal_plain_loops(
    kernel: ThresholdKernel, shape: tuple[int, ...]
) -> None:
    x, seed = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    output, pseudo = by_loops(x, kernel, "clip")
    layer = DeSign(kernel)
    assert torch.equal(layer(x), output)
    assert torch.equal(gradient(layer, x, seed), seed * pseudo)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SURROGATES)
def test_every_type_and_surrogate_equals_plain_loops(dtype: torch.dtype, name: str) -> None:
    kernel = KERNELS["random-3x2x5"]
    x, seed = torch.randn(2, 2, 5, 7, 9, generator=torch.Generator().manual_seed(1)).to(dtype)
    output, pseudo = by_loops(x, kernel, name)
    layer = DeSign(kernel, name)
    assert torch.equal(layer(x), output)
    assert layer(x).dtype == dtype
    # Half types round at each step; two steps of 2^-8 in bfloat16, 2^-11 in float16.
    loose = {"rtol": 0.05, "atol": 0.05} if dtype.itemsize == 2 else {"rtol": 1e-5, "atol": 1e-5}
    torch.testing.assert_close(gradient(layer, x, seed), seed * pseudo, **loose)


@pytest.mark.parametrize("dtype", DTYPES)
def test_x_on_its_threshold_fires(dtype: torch.dtype) -> None:
    kernel = PUBLISHED["2x2x4-shifted-v1"]
    layer = DeSign(kernel)
    on = torch.tensor(kernel.thresholds, dtype=torch.float32).to(dtype)
    assert (layer(on) == 1).all()
    below = torch.nextafter(on, torch.tensor(-math.inf, dtype=dtype))
    assert (layer(below) == -1).all()


def test_batches_may_be_left_out() -> None:
    layer = DeSign(PUBLISHED["2x2x4-shifted-v1"])
    x = torch.randn(2, 5, 7, 3)
    assert torch.equal(layer(x)[1], layer(x[1]))
    assert layer(torch.zeros(0, 5, 7, 3)).shape == (0, 5, 7, 3)


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4, 4, 4)])
def test_other_dimensions_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"or on \(N, C\); got torch\.float32 of"):
        DeSign([[0.0]])(torch.zeros(shape))


def test_integers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"floating-point maps .* got torch\.int64"):
        DeSign([[0.5]])(torch.zeros(1, 1, 2, 2, dtype=torch.int64))


def test_plain_thresholds_are_a_kernel() -> None:
    x = torch.randn(2, 3, 4, 5)
    assert torch.equal(
        DeSign([[0.5, -0.5], [0.0, 0.25]])(x),
        DeSign(ThresholdKernel.from_thresholds([[0.5, -0.5], [0.0, 0.25]]))(x),
    )
    with pytest.raises(ValueError, match="rows of equal length"):
        DeSign([[0.5], [0.5, 1.0]])


@pytest.mark.parametrize("name", SURROGATES)
def test_strength_zero_is_sign(name: str) -> None:
    x, seed = torch.randn(2, 2, 4, 5, 5)
    layer = DeSign(PUBLISHED["2x2x4-shifted-v1"].scaled(strength=0), name)
    assert torch.equal(layer(x), Sign(name)(x))
    assert torch.equal(gradient(layer, x, seed), gradient(Sign(name), x, seed))


def test_maps_in_channels_last_stay_so() -> None:
    x = torch.randn(2, 5, 6, 7)
    last = x.to(memory_format=torch.channels_last)
    layer = DeSign(PUBLISHED["2x2-complement-v1"])
    assert torch.equal(layer(last), layer(x))
    assert layer(last).is_contiguous(memory_format=torch.channels_last)


def test_x_is_left_alone_in_both_directions() -> None:
    x = torch.randn(1, 2, 4, 4)
    kept = x.clone()
    seed = torch.ones_like(x)
    for layer in (Sign(), DeSign(PUBLISHED["2x2-v2"])):
        gradient(layer, x, seed)
    assert torch.equal(x, kept)
    assert (seed == 1).all()


# DeSign as a module.


def test_the_kernel_is_a_buffer_without_gradient() -> None:
    layer = DeSign(PUBLISHED["3x3x2-complement-v1"])
    assert list(layer.parameters()) == []
    assert list(layer.state_dict()) == ["thresholds"]
    assert layer.thresholds.shape == (2, 3, 3)
    layer(torch.randn(1, 2, 3, 3, requires_grad=True)).sum().backward()
    assert layer.thresholds.grad is None
    assert not layer.thresholds.requires_grad


def test_the_kernel_moves_with_its_model() -> None:
    model = nn.Sequential(DeSign(PUBLISHED["2x2-v2"]))
    model.to(torch.float64)
    assert model[0].thresholds.dtype == torch.float64
    model.to("meta")
    assert model(torch.zeros(1, 1, 2, 2, device="meta")).device.type == "meta"


def test_a_saved_kernel_replaces_another() -> None:
    one, other = DeSign(PUBLISHED["2x2-v1"]), DeSign(PUBLISHED["2x2-v2"])
    other.load_state_dict(one.state_dict())
    x = torch.randn(2, 3, 5, 5)
    assert torch.equal(one(x), other(x))


def test_modules_say_what_they_are() -> None:
    assert repr(Sign("swish")) == "Sign(surrogate=swish)"
    expected = "DeSign(4 slice(s) of 2x2, surrogate=clip)"
    assert repr(DeSign(PUBLISHED["2x2x4-shifted-v1"])) == expected
    assert (ReLU, HardTanh) == (nn.ReLU, nn.Hardtanh)


@pytest.mark.slow
@pytest.mark.parametrize("layer", [Sign("swish"), DeSign(PUBLISHED["2x2x4-shifted-v1"])])
def test_compiled_as_one_graph(layer: nn.Module) -> None:
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    x, seed = torch.randn(2, 2, 5, 7, 9)
    assert torch.equal(compiled(x), layer(x))
    assert torch.equal(gradient(compiled, x, seed), gradient(layer, x, seed))


def test_autocast_keeps_half_maps_half() -> None:
    layer = nn.Sequential(nn.Conv2d(1, 4, 3), DeSign(PUBLISHED["2x2-v2"]))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer(torch.randn(1, 1, 8, 8)).dtype == torch.bfloat16


def test_what_a_linear_layer_gives_are_maps_of_one_pixel() -> None:
    activation = DeSign(PUBLISHED["2x2x4-shifted-v1"])
    x = torch.randn(5, 9)
    assert torch.equal(activation(x), activation(x[:, :, None, None])[:, :, 0, 0])
