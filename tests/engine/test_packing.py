"""Packed networks against the float networks they come from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from design_core.engine import PackedNetwork, pack
from design_core.engine.bits import unpack_bits
from design_core.engine.folding import _first_firing, _float_of_key
from design_core.engine.layers import BitConv, Block, Cut, Maps, Repeat, Residual
from design_core.kernels.published import PUBLISHED
from design_core.networks import activation_maps, build_network
from design_core.networks.binarizers import WeightBinarizer
from design_core.networks.layers import PADDINGS, BinaryConv2d, BinaryLinear
from design_core.pictures.samples import sample
from tests.engine.randomized import randomized_network

torch.set_num_threads(1)

CHAINS: list[dict[str, Any]] = [
    {"width": 8},
    {"width": 20, "activation": "design:2x2-v2"},
    {"width": 16, "activation": "design:3x3x4-shifted-v1", "image_size": 29},
    {"width": 70, "stages": 1, "activation": "design:random-4", "image_size": 13},
    {"width": 12, "first": "binary", "last": "binary", "binarizer": "xnor"},
    {"width": 9, "last": "binary", "binarizer": "dorefa", "padding": "replicate"},
    {"width": 24, "first": "binary", "binarizer": "recu", "activation": "design:2x2x4-shifted-v1"},
    {"width": 24, "binarizer": "recu", "padding": "zero", "affine": False},
    {"width": 11, "activation": "design:2x2-v1 then sign then centred:2x2x4-shifted-v1"},
    {"width": 32, "binarizer": "xnor", "padding": "zero", "image_size": 27, "num_classes": 100},
    {"width": 8, "picture": "sign"},
    {"width": 12, "picture": "design:bayer-phases-2@quantile", "image_size": 29},
    {"width": 20, "picture": "uniform:2x2-v2", "last": "binary", "binarizer": "xnor"},
    {"width": 9, "picture": "learned:bayer-2", "padding": "replicate", "in_channels": 1},
    {"width": 8, "picture": "thermometer:4", "padding": "zero", "image_size": 13, "stages": 2},
    {"width": 8, "picture": "thermometer:23", "image_size": 16, "binarizer": "recu"},
]


def pictures(count: int, channels: int, height: int, width: int, seed: int = 0) -> Tensor:
    """Normalized noise, and crops of photos, which have large flat parts."""
    noise = torch.randn(
        count - count // 2, channels, height, width, generator=torch.Generator().manual_seed(seed)
    )
    # A fixed crop per picture, standardized, in as many channels as needed.
    crops = []
    for k in range(count // 2):
        pixels = np.asarray(sample("astronaut").pixels, np.float32)
        top = 20 + 37 * ((seed + k) % 6)
        crop = np.resize(
            pixels[top : top + height, top : top + width].transpose(2, 0, 1),
            (channels, height, width),
        )
        crops.append(torch.from_numpy((crop - crop.mean()) / crop.std()).float())
    return torch.cat([noise, *[crop[None] for crop in crops]])


def picture_shape(options: dict[str, Any]) -> tuple[int, int, int]:
    """(C, H, W) of a chain's pictures."""
    size = options.get("image_size", 32)
    return options.get("in_channels", 3), size, size


def assert_same_scores(model: nn.Module, packed: PackedNetwork, x: Tensor) -> None:
    with torch.inference_mode():
        expected = model(x).numpy()
    scores = packed(x.numpy())
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-4)
    assert np.array_equal(scores.argmax(1), expected.argmax(1))


def binary_sums(model: nn.Module, x: Tensor) -> list[NDArray[np.int64]]:
    """Unscaled sums (N, H, W, O) of every binary layer but a binary first one, in float."""
    found: list[NDArray[np.int64]] = []

    def record(layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        assert isinstance(layer, BinaryConv2d | BinaryLinear)
        if not bool((inputs[0].abs() == 1).all()):
            return
        scale = layer.binary_weight()[1]
        if scale is not None:
            with torch.inference_mode():
                layer.binarizer, kept = _Unscaled(layer.binarizer), layer.binarizer
                output = layer.forward(inputs[0])
                layer.binarizer = kept
        sums = output.round().long().numpy()
        found.append(sums.transpose(0, 2, 3, 1) if sums.ndim == 4 else sums[:, None, None])

    handles = [
        layer.register_forward_hook(record)
        for layer in model.modules()
        if isinstance(layer, BinaryConv2d | BinaryLinear)
    ]
    with torch.inference_mode():
        model(x)
    for handle in handles:
        handle.remove()
    return found


def cuts_of(packed: PackedNetwork) -> list[Cut]:
    return [layer.cut for layer in packed.layers if isinstance(layer, Block)]


class _Unscaled(WeightBinarizer):
    """A binarizer whose bits carry the sign of its scale, as packed weights do, and no scale."""

    def __init__(self, binarizer: WeightBinarizer) -> None:
        super().__init__(binarizer.outputs)
        self.inner = binarizer

    def forward(self, latent: Tensor) -> tuple[Tensor, None]:
        bits, scale = self.inner(latent)
        signs = torch.where(scale < 0, -1.0, 1.0).expand(len(bits))
        return bits * signs.view(-1, *[1] * (bits.ndim - 1)), None


@pytest.mark.parametrize("backend", ["numba", "numpy"])
@pytest.mark.parametrize("options", CHAINS, ids=str)
def test_chain(options: dict[str, Any], backend: str) -> None:
    if backend == "numba":
        pytest.importorskip("numba")
    model = randomized_network("vgg_small", **options)
    shape = picture_shape(options)
    packed = pack(model, shape, backend=backend)
    assert packed.backend == backend
    x = pictures(4 if backend == "numpy" else 24, *shape)
    assert_same_scores(model, packed, x)


@pytest.mark.parametrize("options", CHAINS, ids=str)
def test_every_sum_and_every_bit_of_a_chain(options: dict[str, Any]) -> None:
    model = randomized_network("vgg_small", seed=1, **options)
    shape = picture_shape(options)
    packed = pack(model, shape)
    x = pictures(6, *shape, seed=1)
    given = packed.maps(x.numpy())
    expected = binary_sums(model, x)
    taps = activation_maps(model, x)[1]

    cut = [words for words in given if words.dtype == np.uint32]
    blocks = [layer for layer in packed.layers if isinstance(layer, Block)]
    assert len(cut) == len(taps)
    for words, tap in zip(cut, taps, strict=True):
        bits = unpack_bits(words, tap.y.shape[1])
        assert np.array_equal(bits.transpose(0, 3, 1, 2), tap.y.numpy() > 0), tap.name

    on_bits = [block for block in blocks if isinstance(block.conv, BitConv)]
    sums = []
    for layer, words in zip(on_bits, cut, strict=False):
        maps = Maps("bits", layer.conv.channels, *words.shape[1:3])  # type: ignore[union-attr]
        sums.append(packed.routines.program([layer.conv], maps)(words))
    if options.get("last") == "binary":
        # The head keeps its scale, whatever the sign.
        assert np.array_equal(np.abs(given[-2]), np.abs(expected.pop()))
    for ours, theirs in zip(sums, expected, strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("kernel", PUBLISHED)
@pytest.mark.parametrize("padding", PADDINGS)
def test_all_published_kernels_and_paddings(kernel: str, padding: str) -> None:
    model = randomized_network("tiny", width=12, activation=f"design:{kernel}", padding=padding)
    assert_same_scores(model, pack(model, (1, 8, 8)), pictures(30, 1, 8, 8))


RESIDUAL: list[tuple[str, dict[str, Any], tuple[int, int]]] = [
    ("resnet20", {"width": 8, "activation": "design:2x2-v2"}, (32, 32)),
    (
        "resnet20",
        {"width": 10, "activation": "design:3x3-symmetric-v1", "padding": "zero"},
        (21, 14),
    ),
    ("resnet20", {"width": 8, "binarizer": "bnn", "padding": "replicate"}, (9, 9)),
    ("resnet20", {"width": 8, "binarizer": "xnor", "affine": False}, (16, 16)),
    ("resnet18", {"width": 12, "activation": "design:3x3x4-shifted-v1"}, (17, 16)),
    ("resnet18", {"width": 66, "binarizer": "dorefa"}, (8, 8)),
    ("resnet20", {"width": 8, "picture": "design:bayer-phases-2@quantile"}, (15, 16)),
    ("resnet20", {"width": 8, "picture": "thermometer:3", "binarizer": "xnor"}, (9, 12)),
]


@pytest.mark.parametrize(("name", "options", "size"), RESIDUAL, ids=str)
def test_residual_networks(name: str, options: dict[str, Any], size: tuple[int, int]) -> None:
    model = randomized_network(name, **options)
    packed = pack(model, (3, *size))
    x = pictures(12, 3, *size)
    assert_same_scores(model, packed, x)
    # Before each activation the real maps are equal to the last bit.
    given = packed.maps(x.numpy())
    first = next(k for k, layer in enumerate(packed.layers) if isinstance(layer, Residual))
    taps = [tap for tap in activation_maps(model, x)[1] if tap.name != "picture"]
    for tap, maps in zip(taps, given[first - 1 :], strict=False):
        assert np.array_equal(maps.transpose(0, 3, 1, 2), tap.x.numpy()), tap.name


def test_residual_network_takes_other_sizes_than_it_was_packed_for() -> None:
    model = randomized_network("resnet20", width=8)
    assert_same_scores(model, pack(model, (3, 32, 32)), pictures(4, 3, 11, 19))


def test_numpy_and_numba_agree_on_a_residual_network() -> None:
    pytest.importorskip("numba")
    model = randomized_network("resnet20", width=8, activation="design:bayer-4")
    x = pictures(3, 3, 12, 12).numpy()
    ours, theirs = (pack(model, (3, 12, 12), backend=name)(x) for name in ("numba", "numpy"))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


def test_thresholds_against_every_sum() -> None:
    """Bits of every possible sum in every cell, γ negative, zero and positive, ties included."""
    model = randomized_network(
        "vgg_small",
        width=10,
        stages=1,
        image_size=8,
        activation="design:2x2x4-shifted-v1",
        binarizer="recu",
    )
    packed = pack(model, (3, 8, 8))
    block = model.get_submodule("blocks.block2")
    layer = cuts_of(packed)[1]
    fan_in = 90
    scale = block.conv.binary_weight()[1].detach().abs().view(-1, 1, 1)  # type: ignore[operator, union-attr]
    for total in range(-fan_in, fan_in + 1):
        maps = torch.full((1, 10, 4, 4), float(total))
        with torch.inference_mode():
            expected = block.act(block.norm(maps * scale)) > 0  # type: ignore[operator]
        sums = np.full((1, 4, 4, 10), total, np.int32)
        words = packed.routines.program([layer], Maps("sums", 10, 4, 4))(sums)
        bits = unpack_bits(words, 10)
        assert np.array_equal(bits.transpose(0, 3, 1, 2), expected.numpy())
    constant = block.norm.weight.detach().numpy() == 0
    lowest, highest = layer.cuts.min(axis=(0, 1)), layer.cuts.max(axis=(0, 1))
    assert constant.any()
    assert np.isin(np.stack([lowest, highest])[:, constant], [-fan_in, fan_in + 1]).all()
    assert unpack_bits(layer.flips, 10)[block.norm.weight.detach().numpy() < 0].any()


def test_a_tie_fires() -> None:
    """x = T exactly: batch norm off but for an exact shift by 2."""
    model = build_network("tiny", width=2, affine=False).eval()
    norm = model.get_submodule("blocks.block2.norm")
    norm.running_mean.fill_(2)  # type: ignore[operator, union-attr]
    assert cuts_of(pack(model, (1, 8, 8)))[1].cuts.tolist() == [[[2, 2]]]


def test_first_firing_on_all_kinds_of_predicates() -> None:
    rising = np.array([[[-3, 0, 5]]])
    keys, flipped, never = _first_firing(lambda k: k >= rising, (1, 1, 3), -4, 4)
    assert keys.tolist() == [[[-3, 0, 5]]]  # 5 is beyond 4: never
    assert never.tolist() == [[[False, False, True]]]
    assert not flipped.any()
    keys, flipped, never = _first_firing(lambda k: k < rising, (1, 1, 3), -4, 4)
    assert keys.tolist() == [[[-3, 0, 5]]]  # below 5 everywhere: inverted, never turns off
    assert flipped.tolist() == [True]


def test_keys_run_through_the_float_numbers_in_order() -> None:
    keys = np.array([-0x7F7FFFFF, -0x3F800000, -1, 0, 1, 0x3F800000, 0x7F7FFFFF])
    finest, largest = float(np.float32(2.0**-149)), float(np.finfo(np.float32).max)
    assert _float_of_key(keys).tolist() == [-largest, -1, -finest, 0, finest, 1, largest]


@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 4), (7, 9)])
@pytest.mark.parametrize(
    "picture",
    ["sign", "design:bayer-phases-2@quantile", "learned:3x3-symmetric-v1", "thermometer:5"],
)
def test_a_cut_picture_against_a_loop(picture: str, height: int, width: int, colours: int) -> None:
    model = build_network("resnet20", width=2, picture=picture, in_channels=colours).eval()
    packed = pack(model, (colours, height, width))
    x = torch.randn(3, colours, height, width, generator=torch.Generator().manual_seed(0))
    thresholds = getattr(model.picture.act, "thresholds", torch.zeros(1, 1, 1)).detach()  # type: ignore[union-attr]
    slices, rows, columns = thresholds.shape
    copies = model.picture.copies  # type: ignore[union-attr]
    x[0, :, 0, 0] = thresholds[0, 0, 0]  # a tie fires
    first = next(k for k, layer in enumerate(packed.layers) if isinstance(layer, Cut))
    assert (first == 1) == isinstance(packed.layers[0], Repeat)
    bits = unpack_bits(packed.maps(x.numpy())[first], copies * colours)
    for n, i, j, c in np.ndindex(bits.shape):
        threshold = thresholds[c % slices, i % rows, j % columns]
        assert bits[n, i, j, c] == bool(x[n, c // copies, i, j] >= threshold)


def test_packing_leaves_the_model_alone() -> None:
    model = build_network("tiny", width=4, binarizer="recu").train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    pack(model, (1, 8, 8))
    assert model.training
    assert all(torch.equal(before[name], now) for name, now in model.state_dict().items())


@pytest.mark.parametrize(
    ("model", "shape", "message"),
    [
        (
            nn.Linear(3, 3),
            (3, 32, 32),
            "in which Linear computes is written in its forward",
        ),
        (build_network("tiny", activation="relu"), (1, 8, 8), "the network has ReLU"),
        (build_network("resnet20", width=2, activation="hardtanh"), (3, 8, 8), "has Hardtanh"),
        (build_network("tiny", picture="floyd-steinberg"), (1, 8, 8), "Error diffusion hands on"),
        (build_network("tiny"), (3, 8, 8), "takes real of 1 channels; got real of 3"),
        (build_network("resnet20", width=2), (1, 8, 8), "takes real of 3 channels"),
    ],
)
def test_what_cannot_be_packed_is_said(
    model: nn.Module, shape: tuple[int, int, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        pack(model, shape)
