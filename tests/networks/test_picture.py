"""The cut before the first layer: against loops, in every network, through training and swaps."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from torch import Tensor, nn

from design_core.activations import DeSign, LearnedDeSign
from design_core.error_diffusion import floyd_steinberg
from design_core.kernels.spec import decode_kernel, parse_kernel
from design_core.networks import NetworkSpec, activation_maps, build_network, network_names
from design_core.networks.intermediate import Taps
from design_core.networks.layers import BinaryConv2d
from design_core.networks.picture import build_picture_cut, fitted_picture
from design_core.networks.swap import with_kernel, with_picture

CUTS = (
    *("sign", "uniform:0.4", "design:bayer-2@quantile", "design:bayer-phases-2@quantile"),
    *("design:blue-noise-8@quantile", "design:-0.6745|0.0|0.6745", "learned:channel"),
)


def thresholds_by_definition(text: str, channels: int) -> NDArray[np.float64]:
    """(channels, d1, d2): what each colour meets."""
    form, _, kernel = text.partition(":")
    if text in ("sign", "learned:channel"):
        return np.zeros((channels, 1, 1))
    values = parse_kernel(kernel).thresholds
    if form == "uniform":
        values = np.full((1, 1, 1), values.mean())
    return values[[c % len(values) for c in range(channels)]]


@pytest.mark.parametrize("text", CUTS)
@pytest.mark.parametrize(("channels", "height", "width"), [(3, 7, 5), (1, 4, 9), (3, 1, 1)])
def test_cut_against_loops(text: str, channels: int, height: int, width: int) -> None:
    cut = build_picture_cut(text, channels)
    assert cut is not None
    x = torch.randn(2, channels, height, width)
    taps: Taps = []
    bits = cut(x, taps)
    received = taps[0].x
    assert torch.equal(received, x)
    thresholds = thresholds_by_definition(text, channels).astype(np.float32)
    rows, columns = thresholds.shape[1:]
    for n, c, i, j in itertools.product(range(2), range(channels), range(height), range(width)):
        expected = 1 if x[n, c, i, j].item() >= thresholds[c, i % rows, j % columns] else -1
        assert bits[n, c, i, j].item() == expected


@pytest.mark.parametrize("channels", [1, 3])
def test_thermometer_spends_k_channels_on_a_colour(channels: int) -> None:
    cut = build_picture_cut("thermometer:4", channels)
    assert cut is not None
    x = torch.randn(2, channels, 5, 3)
    taps: Taps = []
    bits = cut(x, taps)
    received = taps[0].x
    steps = ndtri(np.array([1, 3, 5, 7]) / 8).astype(np.float32)
    assert bits.shape == received.shape == (2, 4 * channels, 5, 3)
    for c, k in itertools.product(range(channels), range(4)):
        assert torch.equal(received[:, 4 * c + k], x[:, c])
        assert torch.equal(bits[:, 4 * c + k] > 0, x[:, c] >= steps[k].item())


@pytest.mark.slow
def test_error_diffusion_is_the_librarys() -> None:
    cut = build_picture_cut("floyd-steinberg", 3)
    assert cut is not None
    x = torch.randn(2, 3, 6, 7)
    np.testing.assert_array_equal(cut(x).numpy() > 0, floyd_steinberg(x.numpy()))


@pytest.mark.parametrize("text", ["hardtanh", "relu", "sign then design:2x2-v2", "stripes"])
def test_what_is_no_cut_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"picture is cut by|Unknown activation"):
        build_picture_cut(text, 3)


@pytest.mark.parametrize("steps", [":0", ":65", ":x", "", ":design"])
def test_bad_thermometers_are_refused(steps: str) -> None:
    with pytest.raises(ValueError, match="thermometer:K with 1 to 64 bits"):
        build_picture_cut(f"thermometer{steps}", 3)


@pytest.mark.parametrize("name", network_names())
@pytest.mark.parametrize("text", [*CUTS, "thermometer:2", "floyd-steinberg"])
def test_with_a_cut_every_network_is_bits_from_the_picture_on(name: str, text: str) -> None:
    model = build_network(name, width=4, in_channels=3, picture=text).eval()
    side = int(NetworkSpec(name).options.get("image_size", 16))
    taps = activation_maps(model, torch.randn(2, 3, side, side))[1]
    assert taps[0].name == "picture"
    assert set(taps[0].y.unique().tolist()) <= {-1, 1}
    first = next(m for m in model.modules() if isinstance(m, nn.Conv2d | BinaryConv2d))
    assert isinstance(first, BinaryConv2d)
    assert first.padding == "one"
    # The border is +1, so a picture of ones convolves to the sum of its weights everywhere.
    sums = first(torch.ones(1, first.weight.shape[1], 5, 5))
    assert (sums == sums[..., :1, :1]).all()


@pytest.mark.parametrize("name", network_names())
def test_real_is_what_it_always_was(name: str) -> None:
    torch.manual_seed(0)
    one = build_network(name, width=4)
    torch.manual_seed(0)
    other = build_network(name, width=4, picture="real")
    assert one.state_dict().keys() == other.state_dict().keys()
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_a_spec_says_that_the_first_layer_is_binary() -> None:
    assert NetworkSpec("vgg_small", {"picture": "sign"}).options["first"] == "binary"
    assert NetworkSpec("vgg_small").options["first"] == "real"


def test_quantiles_come_from_the_pictures_and_stay_in_the_spec() -> None:
    values = np.random.default_rng(0).exponential(size=(3, 5000))
    fitted = fitted_picture("design:bayer-2@quantile", values)
    kernel = decode_kernel(fitted.removeprefix("design:code="))
    expected = np.quantile(values, [1 / 8, 3 / 8, 5 / 8, 7 / 8])
    np.testing.assert_allclose(np.unique(kernel.thresholds), expected, atol=2e-3)
    np.testing.assert_array_equal(kernel.levels[0], [[0, 2], [3, 1]])
    cut = build_picture_cut(fitted, 3)
    assert cut is not None
    assert isinstance(cut.act, DeSign)
    np.testing.assert_allclose(cut.act.thresholds.numpy(), kernel.thresholds.astype(np.float32))
    assert fitted_picture(fitted, 2 * values) == fitted  # once is enough


def test_a_fitted_thermometer_has_equal_shares_between_its_steps() -> None:
    values = np.random.default_rng(1).exponential(size=8000)
    cut = build_picture_cut(fitted_picture("thermometer:4", values), 1)
    assert cut is not None
    assert cut.copies == 4
    density = [(values >= step).mean() for step in cut.act.thresholds.flatten().tolist()]
    np.testing.assert_allclose(density, [7 / 8, 5 / 8, 3 / 8, 1 / 8], atol=1e-3)


@pytest.mark.parametrize(
    "text", ["real", "sign", "design:2x2-v2", "uniform:0.2", "learned:channel"]
)
def test_other_cuts_need_no_pictures(text: str) -> None:
    assert fitted_picture(text, np.arange(9.0)) == text


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 2, 2), (1, 2, 3)])
@pytest.mark.parametrize("surrogate", ["clip", "triangular", "swish"])
def test_gradient_of_learned_thresholds_against_the_closed_form(
    shape: tuple[int, int, int], surrogate: str
) -> None:
    """∂L/∂T is the sum of −∂L/∂y · g(|x − T|) over all pixels and pictures that T cuts."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 5, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    start = torch.randn(shape, generator=generator).double()
    layer = LearnedDeSign(start.numpy(), surrogate).double()
    upstream = torch.randn(x.shape, generator=generator, dtype=torch.float64)
    (layer(x) * upstream).sum().backward()
    expected = torch.zeros(shape, dtype=torch.float64)
    closed = {
        "clip": lambda u: float(u <= 1),
        "triangular": lambda u: max(0.0, 2 - 2 * u),
        "swish": lambda u: 5 * (2 - 5 * u * np.tanh(2.5 * u)) / (1 + np.cosh(5 * u)),
    }[surrogate]
    for n, c, i, j in np.ndindex(*x.shape):
        cell = (c % shape[0], i % shape[1], j % shape[2])
        distance = abs(x[n, c, i, j].item() - layer.thresholds[cell].item())
        own = upstream[n, c, i, j].item() * closed(distance)
        expected[cell] -= own
        assert x.grad is not None
        assert x.grad[n, c, i, j].item() == pytest.approx(own, abs=1e-9)
    assert torch.allclose(layer.thresholds.grad, expected, atol=1e-9)


def test_learned_thresholds_are_a_kernel_like_any_other() -> None:
    layer = LearnedDeSign([[0.1, -0.4], [0.9, 0.0]])
    with torch.no_grad():
        layer.thresholds += 0.25
    x = torch.randn(2, 5, 6, 7)
    assert torch.equal(layer(x), DeSign(layer.thresholds.detach().numpy())(x))


def test_a_picture_is_swapped_by_itself() -> None:
    torch.manual_seed(0)
    model = build_network("vgg_small", width=4, picture="sign").eval()
    x: Tensor = torch.randn(2, 3, 32, 32)
    kernel = parse_kernel("bayer-phases-2@quantile")
    seen = activation_maps(with_picture(model, kernel), x)[1]
    assert torch.equal(seen[0].y, DeSign(kernel)(x))
    assert torch.equal(seen[1].y, (seen[1].x >= 0).float() * 2 - 1)
    hidden = activation_maps(with_kernel(model, kernel), x)[1]
    assert torch.equal(hidden[0].y, (x >= 0).float() * 2 - 1)
    assert torch.equal(hidden[1].y, DeSign(kernel)(hidden[1].x))
    back = with_picture(with_picture(model, kernel), None)
    assert torch.equal(back(x), model(x))


@pytest.mark.parametrize("picture", ["real", "thermometer:2"])
def test_only_pictures_of_one_bit_are_swapped(picture: str) -> None:
    model = build_network("vgg_small", width=4, picture=picture).eval()
    with pytest.raises(ValueError, match="no pictures of one bit per pixel"):
        with_picture(model, None)
