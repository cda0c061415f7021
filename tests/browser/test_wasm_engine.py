"""The engine in WebAssembly, in a real browser: every sum and every bit is the library's."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from design_core import browser
from design_core.browser.kernels import plain_kernel
from design_core.browser.network import live_network
from design_core.engine import PackedNetwork, pack
from design_core.engine.bits import unpack_bits
from design_core.engine.layers import Block, Cut, Maps, Residual
from design_core.engine.reference import _max_pool
from design_core.engine.wasm import wasm_bytes
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED
from design_core.networks import NetworkSpec, activation_maps
from design_core.networks.facts import PLANE_OPTIONS
from design_core.networks.swap import with_kernel, with_picture
from design_core.pictures.samples import sample, sample_names
from design_core.zoo.card import Card, load_cards
from design_core.zoo.checkpoint import Checkpoint, PictureForm
from design_core.zoo.entry import open_entry
from tests.engine.randomized import randomized_network
from tests.zoo_sample import one_of_each_kind

pytestmark = pytest.mark.browser

PICTURES = 200
EXACT = 10  # pictures whose real sums are compared too: the engine needs them only near a cut
SCRIPTS = ("sha256", "safetensors", "packed", "math", "engine", "network")
Pixels = NDArray[np.uint8]

# All that a network makes of pictures, as one hash: every layer's output and what was cut for it.
HELPERS = """
globalThis.octets = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
/** Maps without what fills up their lanes. */
globalThis.bare = (engine, { kind, at, bytes, lanes, channels, height, width }) => {
  const pixels = height * width;
  if (kind === "bits") return engine.u8.slice(at, at + pixels * bytes);
  const values = kind === "sums" ? engine.i16.subarray(at / 2) : engine.f32.subarray(at / 4);
  const out = new values.constructor(pixels * channels);
  for (let k = 0; k < pixels; k++) {
    out.set(values.subarray(k * lanes, k * lanes + channels), k * channels);
  }
  return new Uint8Array(out.buffer);
};
globalThis.open = async (module, file) => {
  globalThis.network = new LiveNetwork(await compiledEngine(octets(module)), octets(file));
};
const hex = (buffer) => Array.from(
  new Uint8Array(buffer), (one) => one.toString(16).padStart(2, "0"),
).join("");
globalThis.made = async (pixels, size, exact) => {
  const { engine } = network;
  const hashes = [];
  for (let first = 0; first < pixels.length; first += size) {
    network.see(pixels.subarray(first, first + size));
    const parts = engine.maps.map((maps) => bare(engine, maps));
    for (const one of engine.activations) {
      if (one.fanIn) parts.push(bare(engine, one.x));
      else if (first / size < exact) {
        one.refresh(0, one.x.channels);
        parts.push(bare(engine, one.x));
      }
    }
    hashes.push(hex(await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer())));
  }
  return hashes;
};
"""


@pytest.fixture(scope="module")
def page(chromium: Any) -> Iterator[Any]:
    """A blank page that holds the modules; of https, for the browser's own SHA-256."""
    opened = chromium.new_page()
    opened.set_default_timeout(120_000)
    address = "https://blank.invalid/"
    opened.route(address, lambda route: route.fulfill(body="<!doctype html>"))
    opened.goto(address)
    opened.add_script_tag(content=browser.joined(*SCRIPTS))
    opened.add_script_tag(content=HELPERS)
    yield opened
    opened.close()


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def in_browser(page: Any, file: bytes) -> None:
    """Open a network there, as `network`."""
    page.evaluate("([module, file]) => open(module, file)", [text(wasm_bytes()), text(file)])


def hashes_in_browser(page: Any, pixels: Pixels) -> list[str]:
    size = pixels[0].size
    found: list[str] = page.evaluate(
        "([pixels, size, exact]) => made(octets(pixels), size, exact)",
        [text(pixels.tobytes()), size, EXACT],
    )
    return found


def octets(maps: NDArray[Any], channels: int) -> NDArray[np.uint8]:
    """Maps (N, H, W, …) as the browser's are laid out: (N, bytes)."""
    if maps.dtype == np.uint32:  # words of bits: whole bytes of them
        maps = np.ascontiguousarray(maps).view(np.uint8)[..., : -(-channels // 8)]
    elif maps.dtype == np.int32:
        assert np.abs(maps).max() < 2**15
        maps = maps.astype(np.int16)
    return np.ascontiguousarray(maps).reshape(len(maps), -1).view(np.uint8)


def hashes_of_library(packed: PackedNetwork, x: NDArray[np.float32]) -> list[str]:
    """The same hashes from `design_core.engine`."""
    current: NDArray[Any] = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    maps = Maps("real", *x.shape[1:])
    given, cut = [], []
    for layer in packed.layers:
        if isinstance(layer, Block):
            sums = packed.routines.program([layer.conv], maps)(current)
            cut.append(_max_pool(sums) if layer.pool else sums)
        elif isinstance(layer, Residual | Cut):
            cut.append(current)
        current = packed.routines.program([layer], maps)(current)
        maps = layer.gives(maps)
        given.append(octets(current, maps.channels))
    hashes = []
    for picture in range(len(x)):
        digest = hashlib.sha256()
        for maps in given:
            digest.update(maps[picture].tobytes())
        for values in cut:
            if values.dtype == np.int32 or picture < EXACT:
                digest.update(octets(values, 0)[picture].tobytes())
        hashes.append(digest.hexdigest())
    return hashes


def pictures(side: int, channels: int, count: int = PICTURES) -> Pixels:
    """Samples moved and turned over, noise, and flat fields, on which sums tie: (N, H, W, C)."""
    rng = np.random.default_rng(0)
    form = PictureForm((channels, side, side), (0.0,) * channels, (1.0,) * channels, ("a", "b"))
    names = sample_names("digits" if channels == 1 else "cifar10")
    base = np.concatenate([form.pixels(sample(name)).numpy() for name in names])
    found = [base]
    while sum(map(len, found)) < count - 30:
        moved = np.roll(base, tuple(rng.integers(-side // 4, side // 4, 2)), (1, 2))
        contrast = rng.uniform(0.4, 1.3)
        found.append((moved[:, :, :: rng.choice([-1, 1])] * contrast).clip(0, 255).astype(np.uint8))
    flat = np.broadcast_to(
        np.linspace(0, 255, 15).astype(np.uint8)[:, None, None, None], (15, side, side, channels)
    )
    kept = np.concatenate(found)[: count - 30]
    return np.concatenate([kept, flat, rng.integers(0, 256, flat.shape, dtype=np.uint8)])


# One seed of a kind; the variable asks for all. docs/results.md says when that was last done.
SEEDS = None if "DESIGN_WHOLE_ZOO" in os.environ else 1
ZOO = [(card, seed) for card in one_of_each_kind() for seed in card.seeds[:SEEDS]]


@pytest.mark.parametrize(("card", "seed"), ZOO, ids=[f"{one.name}@{seed}" for one, seed in ZOO])
def test_networks_of_the_zoo(page: Any, card: Card, seed: int) -> None:
    reference = f"{card.name}@{seed}"
    checkpoint = open_entry(reference).checkpoint
    if checkpoint.packed is None:  # live_network says so
        assert not card.gives_bits or any(card.network.get(key, 1) > 1 for key in PLANE_OPTIONS)
        with pytest.raises(ValueError, match="does not run on bits alone"):
            live_network(checkpoint, name="it")
        return
    form = checkpoint.pictures
    pixels = pictures(form.shape[1], form.shape[0])
    in_browser(page, live_network(checkpoint, name=reference))
    x = form.normalized(torch.from_numpy(pixels)).numpy()
    assert hashes_in_browser(page, pixels) == hashes_of_library(checkpoint.packed, x)


#: Odd widths, one and three channels, odd sides, every border, binary first and last layers,
#: kernels of several slices and sizes, residual networks.
NETWORKS: list[tuple[str, dict[str, Any], tuple[int, int, int]]] = [
    ("tiny", {"width": 12, "activation": "design:3x3x4-shifted-v1"}, (1, 8, 8)),
    ("tiny", {"width": 5, "activation": "design:2x2-v1 then sign", "padding": "zero"}, (1, 8, 8)),
    ("tiny", {"width": 17, "in_channels": 3, "padding": "replicate"}, (3, 8, 8)),
    (
        "vgg_small",
        {"width": 7, "first": "binary", "last": "binary", "padding": "zero", "image_size": 27},
        (3, 27, 27),
    ),
    (
        "vgg_small",
        {"width": 33, "stages": 2, "image_size": 13, "activation": "design:bayer-4"},
        (3, 13, 13),
    ),
    ("vgg_small", {"width": 128, "last": "binary", "activation": "design:2x2-v2"}, (3, 32, 32)),
    ("resnet20", {"width": 10, "padding": "replicate"}, (3, 16, 16)),
    (
        "resnet20",
        {"width": 9, "padding": "zero", "activation": "design:3x3-symmetric-v1"},
        (3, 15, 15),
    ),
    ("resnet18", {"width": 16, "activation": "design:2x2x4-shifted-v1"}, (3, 32, 32)),
]
#: Networks that cut their picture.
PICTURE_CUTS: list[tuple[str, dict[str, Any], tuple[int, int, int]]] = [
    ("tiny", {"width": 9, "picture": "design:bayer-2"}, (1, 8, 8)),
    (
        "vgg_small",
        {"width": 16, "picture": "design:bayer-phases-2@quantile", "activation": "design:2x2-v2"},
        (3, 32, 32),
    ),
    ("vgg_small", {"width": 8, "picture": "thermometer:4", "padding": "zero"}, (3, 32, 32)),
    ("vgg_small", {"width": 8, "picture": "learned:2x2-v1"}, (3, 32, 32)),
    ("resnet20", {"width": 8, "picture": "sign"}, (3, 16, 16)),
]


def made_checkpoint(name: str, options: dict[str, Any], shape: tuple[int, int, int]) -> Checkpoint:
    channels = shape[0]
    form = PictureForm(
        shape,
        tuple(0.3 + 0.1 * c for c in range(channels)),
        tuple(0.2 + 0.05 * c for c in range(channels)),
        tuple(map(str, range(10))),
    )
    model = randomized_network(name, **options)
    spec = NetworkSpec(name, {"activation": "sign", "picture": "real", **options})
    return Checkpoint(spec, model, form)


def prepared(checkpoint: Checkpoint, count: int) -> tuple[Pixels, NDArray[np.float32]]:
    form = checkpoint.pictures
    pixels = pictures(form.shape[1], form.shape[0], count)
    return pixels, form.normalized(torch.from_numpy(pixels)).numpy()


@pytest.mark.parametrize(("name", "options", "shape"), NETWORKS + PICTURE_CUTS, ids=str)
def test_networks_of_every_form(
    page: Any, name: str, options: dict[str, Any], shape: tuple[int, int, int]
) -> None:
    checkpoint = made_checkpoint(name, options, shape)
    assert checkpoint.packed is not None
    in_browser(page, live_network(checkpoint, name="it"))
    pixels, x = prepared(checkpoint, 60)
    assert hashes_in_browser(page, pixels) == hashes_of_library(checkpoint.packed, x)


SWAP = """([layers, plain]) => {
  for (let k = 0; k < layers; k++) network.setKernel(k, kernelOf(plain));
}"""
KERNELS: list[ThresholdKernel | None] = [
    None,
    PUBLISHED["3x3-symmetric-v1"].scaled(strength=-0.7, offset=0.13),
    PUBLISHED["2x2x4-shifted-v1"].scaled("lloyd-max", strength=1.31),
    PATTERNS["bayer"](8).scaled(strength=0.5),
    ThresholdKernel.from_thresholds([[0.0, -1e-30, 2.5], [1e6, -1e6, 0.1]], name="far"),
]


CUTS: list[ThresholdKernel | None] = [None, PATTERNS["bayer"](4).scaled(strength=0.7, offset=-0.2)]


@pytest.mark.parametrize("kernel", CUTS, ids=str)
@pytest.mark.parametrize(("name", "options", "shape"), PICTURE_CUTS[:2], ids=str)
def test_the_cut_of_the_picture_swapped(
    page: Any, name: str, options: dict[str, Any], shape: Any, kernel: ThresholdKernel | None
) -> None:
    checkpoint = made_checkpoint(name, options, shape)
    in_browser(page, live_network(checkpoint, name="it"))
    pixels, x = prepared(checkpoint, 60)
    page.evaluate(
        "(plain) => network.setKernel(0, kernelOf(plain))", kernel and plain_kernel(kernel)
    )
    packed = pack(with_picture(checkpoint.model, kernel), shape)
    assert hashes_in_browser(page, pixels) == hashes_of_library(packed, x)


def test_the_kernels_are_those_that_cut(page: Any) -> None:
    """By their names where the layers hold just these, as learned thresholds do not."""
    names = []
    for name, options, shape in [*NETWORKS, *PICTURE_CUTS]:
        checkpoint = made_checkpoint(name, options, shape)
        if options.get("picture", "").startswith("learned"):
            cut = checkpoint.model.picture.act  # type: ignore[union-attr]
            cut.thresholds.data[0, 0, 1] = 0.123  # type: ignore[union-attr, operator]
        in_browser(page, live_network(checkpoint, name="it"))
        pixels, x = prepared(checkpoint, 40)
        page.evaluate(
            "() => network.trained.forEach((plain, k) => network.setKernel(k, kernelOf(plain)))"
        )
        packed = pack(checkpoint.model, shape)
        assert hashes_in_browser(page, pixels) == hashes_of_library(packed, x)
        names.append(page.evaluate("() => network.kernels.map(({ name }) => name)"))
    assert names[0] == ["3x3x4-shifted-v1"] * 4
    assert names[1] == ["2x2-v1", "Sign", "Sign", "Sign"]
    assert names[-4:-1] == [
        ["bayer-phases-2@quantile", *["2x2-v2"] * 6],
        ["thermometer", *["Sign"] * 6],
        ["learned", *["Sign"] * 6],
    ]


def swapped(page: Any, checkpoint: Checkpoint, kernel: ThresholdKernel | None) -> PackedNetwork:
    """The library's swap, after the browser's own."""
    layers = page.evaluate("() => network.activations.length")
    page.evaluate(SWAP, [layers, None if kernel is None else plain_kernel(kernel)])
    return pack(with_kernel(checkpoint.model, kernel), checkpoint.pictures.shape)


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
@pytest.mark.parametrize(("name", "options", "shape"), NETWORKS[:3] + NETWORKS[6:7], ids=str)
def test_kernels_swapped_in_the_browser(
    page: Any, name: str, options: dict[str, Any], shape: Any, kernel: ThresholdKernel | None
) -> None:
    checkpoint = made_checkpoint(name, options, shape)
    in_browser(page, live_network(checkpoint, name="it"))
    pixels, x = prepared(checkpoint, 60)
    packed = swapped(page, checkpoint, kernel)
    assert hashes_in_browser(page, pixels) == hashes_of_library(packed, x)


@pytest.mark.parametrize("dataset", ["cifar10", "digits"])
@pytest.mark.parametrize("affine", [False, True])
def test_kernels_swapped_in_networks_of_the_zoo(page: Any, dataset: str, affine: bool) -> None:
    cards = [card for card in load_cards() if card.dataset == dataset]
    found = [card for card in cards if card.network["affine"] == affine]
    for card in found[:3]:
        checkpoint = open_entry(card.name).checkpoint
        in_browser(page, live_network(checkpoint, name=card.name))
        pixels, x = prepared(checkpoint, 60)
        for kernel in KERNELS[:4]:
            packed = swapped(page, checkpoint, kernel)
            assert hashes_in_browser(page, pixels) == hashes_of_library(packed, x)


def test_a_kernel_that_is_too_large_is_refused_and_nothing_changes(page: Any) -> None:
    checkpoint = made_checkpoint(*NETWORKS[0])
    assert checkpoint.packed is not None
    in_browser(page, live_network(checkpoint, name="it"))
    large = plain_kernel(ThresholdKernel(np.zeros((1, 17, 17), int)))
    with pytest.raises(Exception, match="Kernels here have up to 256 cells"):
        page.evaluate(SWAP, [1, large])
    pixels, x = prepared(checkpoint, 40)
    assert hashes_in_browser(page, pixels) == hashes_of_library(checkpoint.packed, x)


def test_what_a_network_is_given_and_answers(page: Any) -> None:
    checkpoint = open_entry("cifar10-vgg_small-w32-design_2x2-v2-affine_on").checkpoint
    in_browser(page, live_network(checkpoint, name="it"))
    every = np.arange(256, dtype=np.uint8)[:, None, None, None].repeat(3, axis=3)
    values = page.evaluate("() => network.normalized.map((values) => [...values])")
    expected = checkpoint.pictures.normalized(torch.from_numpy(every))[:, :, 0, 0].numpy()
    assert np.array_equal(np.array(values, np.float32).T, expected)
    pixels, x = prepared(checkpoint, 40)
    packed = checkpoint.packed
    assert packed is not None
    scores = torch.from_numpy(packed(x[:1]))[0].double()
    page.evaluate("(pixels) => network.see(octets(pixels))", text(pixels[:1].tobytes()))
    assert np.allclose(page.evaluate("() => [...network.probabilities()]"), scores.softmax(0))


def test_values_of_the_batch_norm_are_those_of_pytorch(page: Any) -> None:
    """x before the cut, of a sum: what the page shows beside T."""
    name = "cifar10-vgg_small-w32-design_2x2-v2-affine_on"
    checkpoint = open_entry(name).checkpoint
    in_browser(page, live_network(checkpoint, name="it"))
    pixels, x = prepared(checkpoint, 40)
    page.evaluate("(pixels) => network.see(octets(pixels))", text(pixels[:1].tobytes()))
    expected = activation_maps(checkpoint.model, torch.from_numpy(x[:1]))[1][1].x[0].numpy()
    values = page.evaluate("""() => {
      const { x } = network.activations[1];
      const out = new Float32Array(x.height * x.width);
      return Array.from({ length: x.channels }, (_, c) => {
        network.engine.readValues(x, c, out);
        return Array.from(out, (value) => network.realValue(1, c, value));
      });
    }""")
    assert np.array_equal(np.array(values, np.float32).reshape(expected.shape), expected)


def test_bits_of_one_channel(page: Any) -> None:
    checkpoint = made_checkpoint(*NETWORKS[1])
    in_browser(page, live_network(checkpoint, name="it"))
    pixels, x = prepared(checkpoint, 40)
    assert checkpoint.packed is not None
    page.evaluate("(pixels) => network.see(octets(pixels))", text(pixels[:1].tobytes()))
    expected = unpack_bits(checkpoint.packed.maps(x[:1])[0], 5)[0]
    for channel in range(5):
        bits = page.evaluate(
            "(c) => { const { bits } = network.activations[0]; "
            "const out = new Uint8Array(bits.height * bits.width); "
            "network.engine.readBits(bits, c, out); return [...out]; }",
            channel,
        )
        assert np.array_equal(np.reshape(bits, expected.shape[:2]), expected[..., channel])
