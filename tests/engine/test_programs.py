"""What layers compute: NumPy's against the definition, compiled programs against NumPy's."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from design_core.engine import load_backend, reference
from design_core.engine.bits import channel_mask, pack_bits, unpack_bits, word_count
from design_core.engine.layers import (
    BitConv,
    BitDense,
    Block,
    Cut,
    GlobalMean,
    Layer,
    Maps,
    RealConv,
    Repeat,
    Residual,
    ScaleShift,
)

pytest.importorskip("numba")
COMPILED = load_backend("numba")

#: (N, H, W, C, outputs, window, stride): odd maps, one pixel, channels around whole words, and so
#: few that pixels of a window share a word.
SHAPES = [
    (1, 5, 7, 70, 20, 3, 1),
    (2, 4, 4, 64, 64, 3, 2),
    (3, 1, 1, 300, 10, 1, 1),
    (2, 6, 5, 3, 130, 3, 2),
    (1, 3, 3, 129, 1, 3, 1),
    (2, 2, 2, 65, 7, 2, 1),
    (1, 9, 4, 16, 33, 3, 1),
    (2, 8, 8, 10, 96, 5, 2),
    (1, 2, 9, 1, 5, 3, 1),
]
PADDINGS = ("one", "replicate", "zero", "none")


def coins(*shape: int, seed: int = 0) -> NDArray[np.bool_]:
    return np.random.default_rng(seed).integers(0, 2, shape).astype(bool)


def normals(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def bit_conv(bits: NDArray[np.bool_], stride: int = 1, padding: str = "one") -> BitConv:
    """A convolution with weights (size, size, C, O)."""
    words = np.ascontiguousarray(pack_bits(bits.swapaxes(2, 3)).swapaxes(2, 3))
    return BitConv(words, bits.shape[2], stride, padding)


def cut_of(kind: type, rows: int, columns: int, channels: int, seed: int = 2) -> Cut:
    cuts = np.random.default_rng(seed).integers(-9, 9, (rows, columns, channels)).astype(kind)
    return Cut(cuts, pack_bits(coins(channels, seed=seed)))


def bits_of(x: NDArray[np.bool_]) -> tuple[Maps, NDArray[np.uint32]]:
    return Maps("bits", x.shape[3], *x.shape[1:3]), pack_bits(x)


def real_of(x: NDArray[np.float32]) -> tuple[Maps, NDArray[np.float32]]:
    return Maps("real", x.shape[3], *x.shape[1:3]), x


def run(backend: Any, layer: Layer, given: tuple[Maps, NDArray[Any]]) -> NDArray[Any]:
    maps, x = given
    return np.asarray(backend.program([layer], maps)(x))


def assert_same(layer: Layer, given: tuple[Maps, NDArray[Any]]) -> NDArray[Any]:
    """What both backends give."""
    ours, theirs = (run(backend, layer, given) for backend in (COMPILED, reference))
    assert ours.dtype == theirs.dtype
    assert np.array_equal(ours, theirs), type(layer).__name__
    expected = layer.gives(given[0])
    assert ours.shape[1:3] == (expected.height, expected.width)
    return ours


@pytest.mark.parametrize("channels", [1, 31, 32, 33, 200])
def test_packing_is_the_binary_number_of_the_bits(channels: int) -> None:
    bits = coins(4, channels)
    words = pack_bits(bits)
    assert words.shape == (4, word_count(channels))
    for row, packed in zip(bits, words, strict=True):
        number = sum(1 << c for c in range(channels) if row[c])
        assert sum(int(word) << (32 * k) for k, word in enumerate(packed)) == number
    assert np.array_equal(unpack_bits(words, channels), bits)
    assert sum(int(w).bit_count() for w in channel_mask(channels)) == channels


def widened(x: NDArray[np.bool_], margin: int, padding: str) -> NDArray[np.int64]:
    """±1 maps with what stands beyond their border, by a loop."""
    height, width = x.shape[1:3]
    margin = 0 if padding == "none" else margin
    given = np.empty((len(x), height + 2 * margin, width + 2 * margin, x.shape[3]), np.int64)
    for i, j in itertools.product(range(given.shape[1]), range(given.shape[2])):
        y, z = i - margin, j - margin
        if (0 <= y < height and 0 <= z < width) or padding == "replicate":
            inside = x[:, min(max(y, 0), height - 1), min(max(z, 0), width - 1)]
            given[:, i, j] = np.where(inside, 1, -1)
        else:
            given[:, i, j] = 1 if padding == "one" else 0
    return given


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize(("n", "h", "w", "c", "o", "size", "stride"), SHAPES)
def test_sums_of_bits_against_loops(
    n: int, h: int, w: int, c: int, o: int, size: int, stride: int, padding: str
) -> None:
    if padding == "none" and size > min(h, w):
        return  # refused, see test_geometry.py
    x, weights = coins(n, h, w, c), coins(size, size, c, o, seed=1)
    sums = assert_same(bit_conv(weights, stride, padding), bits_of(x))
    assert sums.dtype == np.int32
    given, signs = widened(x, size // 2, padding), np.where(weights, 1, -1)
    for b, i, j in itertools.product(*map(range, sums.shape[:3])):
        window = given[b, i * stride : i * stride + size, j * stride : j * stride + size]
        assert np.array_equal(sums[b, i, j], (window[..., None] * signs).sum(axis=(0, 1, 2)))


@pytest.mark.parametrize(("n", "h", "w", "c", "o", "size", "stride"), SHAPES)
def test_compiled_programs_equal_the_reference(
    n: int, h: int, w: int, c: int, o: int, size: int, stride: int
) -> None:
    bits, real = bits_of(coins(n, h, w, c)), real_of(normals(n, h, w, c))
    weights = RealConv(normals(size, size, c, o), stride)
    norm = ScaleShift(normals(o), normals(o, seed=1), normals(o, seed=2))
    assert_same(weights, real)
    assert_same(Block(weights, False, cut_of(np.float32, 2, 3, o)), real)
    for padding in PADDINGS[: 3 if size > min(h, w) else 4]:
        conv = bit_conv(coins(size, size, c, o, seed=1), stride, padding)
        assert_same(Block(conv, False, cut_of(np.int32, 3, 2, o)), bits)
        maps, words = bits
        pair = [conv, norm]
        ours, theirs = (one.program(pair, maps)(words) for one in (COMPILED, reference))
        assert np.array_equal(ours, theirs)
    assert_same(cut_of(np.float32, 2, 3, c), real)
    assert_same(Repeat(3), real)
    assert_same(ScaleShift(normals(c), normals(c, seed=1), normals(c, seed=2)), real)
    for layer, given in ((BitDense(normals(h, w, c, o)), bits), (GlobalMean(), real)):
        ours, theirs = (run(backend, layer, given) for backend in (COMPILED, reference))
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("padding", PADDINGS[:3])
@pytest.mark.parametrize(("height", "width"), [(2, 2), (5, 6), (4, 9)])
@pytest.mark.parametrize("outputs", [5, 64, 130])
def test_pooled_blocks_equal_the_reference(
    height: int, width: int, outputs: int, padding: str
) -> None:
    for channels in (7, 70):
        conv = bit_conv(coins(3, 3, channels, outputs, seed=1), 1, padding)
        x = bits_of(coins(3, height, width, channels))
        bits = assert_same(Block(conv, True, cut_of(np.int32, 3, 2, outputs)), x)
        assert bits.shape == (3, height // 2, width // 2, word_count(outputs))
    real = real_of(normals(3, height, width, 2))
    weights = RealConv(normals(3, 3, 2, outputs))
    assert_same(Block(weights, True, cut_of(np.float32, 3, 2, outputs)), real)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(("channels", "outputs"), [(5, 5), (16, 16), (16, 40), (33, 64)])
@pytest.mark.parametrize("padding", PADDINGS[:3])
def test_residual_units_equal_the_reference(
    channels: int, outputs: int, stride: int, padding: str
) -> None:
    unit = Residual(
        cut_of(np.float32, 2, 3, channels),
        bit_conv(coins(3, 3, channels, outputs), stride, padding),
        ScaleShift(normals(outputs), normals(outputs, seed=1), normals(outputs, seed=2)),
    )
    assert_same(unit, real_of(9 * normals(2, 7, 5, channels)))


def test_whole_numbers_beyond_any_sum_cut_as_they_should() -> None:
    """Thresholds at the ends of int32: always and never, whatever lies between."""
    ends = np.iinfo(np.int32)
    cuts = np.array([ends.min, -10, -9, 9, 10, ends.max], np.int32).reshape(1, 1, 6)
    conv = bit_conv(np.ones((3, 3, 1, 6), bool))
    for value, fires in ((True, 0b001111), (False, 0b000111)):
        x = bits_of(np.full((1, 3, 3, 1), value))
        bits = assert_same(Block(conv, False, Cut(cuts, np.zeros(1, np.uint32))), x)
        # In the middle the sum is 9 or −9; a border of +1 does not reach it.
        assert bits[0, 1, 1, 0] == fires


def test_many_words_do_not_overflow_what_counts_them() -> None:
    """Every bit differs, 72 words in a row: bytes of counts would run over many times."""
    x = np.ones((1, 3, 3, 256), bool)
    sums = assert_same(bit_conv(np.zeros((3, 3, 256, 64), bool)), bits_of(x))
    assert (sums == -9 * 256).all()


def test_fused_multiply_add_rounds_once() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(300).astype(np.float32) for _ in range(2))
    # Sums that cancel, that lie far apart, and that are halfway cases of the second rounding.
    near = (-(a.astype(np.float64) * b)).astype(np.float32)
    far = (rng.standard_normal(300) * 1e6).astype(np.float32)
    tie = np.float32(1) + np.float32(2) ** -23
    a = np.concatenate([a, a, [tie, tie, -tie]]).astype(np.float32)
    b = np.concatenate([b, b, [tie, tie, tie]]).astype(np.float32)
    c = np.concatenate([near, far, [2.0**24, 2.0**25, 2.0**24]]).astype(np.float32)
    # Each pair is a picture of its own, and an output of its own: the diagonal is what is asked.
    x, weights = np.stack([c, a], 1)[:, None, None], np.stack([np.ones_like(b), b])
    conv = RealConv(np.ascontiguousarray(weights[None, None]))
    for backend in (COMPILED, reference):
        got = run(backend, conv, real_of(np.ascontiguousarray(x)))
        for k in range(len(a)):
            exact = Fraction(float(a[k])) * Fraction(float(b[k])) + Fraction(float(c[k]))
            assert got[k, 0, 0, k] == nearest_float32(exact)


def nearest_float32(exact: Fraction) -> float:
    """The closest float32, the even one of two."""
    start = np.float32(float(exact))
    around = [np.nextafter(start, np.float32(end)) for end in (-np.inf, np.inf)]
    candidates = [start, *around]

    def rank(value: np.float32) -> tuple[Fraction, int]:
        return abs(Fraction(float(value)) - exact), int(value.view(np.int32)) & 1

    return float(min(candidates, key=rank))


def test_pooling_drops_an_odd_last_row() -> None:
    x = real_of(np.arange(15, dtype=np.float32).reshape(1, 3, 5, 1))
    one, flips = RealConv(np.ones((1, 1, 1, 1), np.float32)), np.zeros(1, np.uint32)
    for cut, bits in ((6, [[1, 1]]), (7, [[0, 1]]), (9, [[0, 0]])):
        block = Block(one, True, Cut(np.full((1, 1, 1), cut, np.float32), flips))
        assert assert_same(block, x)[0, :, :, 0].tolist() == bits


def test_cut_repeats_its_pattern_and_inverts_flipped_channels() -> None:
    x = real_of(np.zeros((1, 3, 3, 2), np.float32))
    cuts = np.array([[[0, 0], [1, 1]]], np.float32)  # 1×2 cells
    bits = assert_same(Cut(cuts, np.array([2], np.uint32)), x)
    assert bits[0, :, :, 0].tolist() == [[1, 2, 1]] * 3


def test_what_is_no_number_never_fires() -> None:
    x = real_of(np.array([np.nan, np.inf, -np.inf, 0], np.float32).reshape(1, 2, 2, 1))
    for cut, fires in ((0, [0, 1, 0, 1]), (-np.inf, [0, 1, 1, 1]), (np.inf, [0, 1, 0, 0])):
        layer = Cut(np.full((1, 1, 1), cut, np.float32), np.zeros(1, np.uint32))
        assert assert_same(layer, x).ravel().tolist() == fires


def test_backends_by_name() -> None:
    assert load_backend("numpy").__name__ == "design_core.engine.reference"
    assert load_backend() is COMPILED
    with pytest.raises(ValueError, match="Unknown backend 'cuda'; choose one of numba, numpy"):
        load_backend("cuda")
