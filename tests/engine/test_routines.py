"""The routines: NumPy's against their definition, the compiled ones against NumPy's."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from design_core.engine import load_backend, reference
from design_core.engine.bits import channel_mask, pack_bits, unpack_bits, word_count

pytest.importorskip("numba")
COMPILED = load_backend("numba")

#: (N, H, W, C, outputs, window, stride): odd maps, one pixel, channels around whole words.
SHAPES = [
    (1, 5, 7, 70, 20, 3, 1),
    (2, 4, 4, 64, 64, 3, 2),
    (3, 1, 1, 300, 10, 1, 1),
    (2, 6, 5, 3, 130, 3, 2),
    (1, 3, 3, 129, 1, 3, 1),
    (2, 2, 2, 65, 7, 2, 1),
]


def coins(*shape: int, seed: int = 0) -> NDArray[np.bool_]:
    return np.random.default_rng(seed).integers(0, 2, shape).astype(bool)


def normals(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


#: No border to make up for.
NO_TAPS = np.empty((0, 0, 0), np.int32)


def weight_rows(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Bits (size, size, C, O) → rows by output."""
    return pack_bits(bits.swapaxes(2, 3)).swapaxes(2, 3).reshape(-1, bits.shape[3])


@pytest.mark.parametrize("channels", [1, 63, 64, 65, 200])
def test_packing_is_the_binary_number_of_the_bits(channels: int) -> None:
    bits = coins(4, channels)
    words = pack_bits(bits)
    assert words.shape == (4, word_count(channels))
    for row, packed in zip(bits, words, strict=True):
        number = sum(1 << c for c in range(channels) if row[c])
        assert sum(int(word) << (64 * k) for k, word in enumerate(packed)) == number
    assert np.array_equal(unpack_bits(words, channels), bits)
    assert sum(int(w).bit_count() for w in channel_mask(channels)) == channels


@pytest.mark.parametrize(("n", "h", "w", "c", "o", "size", "stride"), SHAPES)
def test_sums_of_bits_against_loops(
    n: int, h: int, w: int, c: int, o: int, size: int, stride: int
) -> None:
    x, weights = coins(n, h, w, c), coins(size, size, c, o, seed=1)
    fan_in = size * size * c
    sums = reference.bit_sums(pack_bits(x), weight_rows(weights), NO_TAPS, size, stride, fan_in)
    assert sums.dtype == np.int32
    assert sums.shape == (n, (h - size) // stride + 1, (w - size) // stride + 1, o)
    for b, i, j in itertools.product(*map(range, sums.shape[:3])):
        window = x[b, i * stride : i * stride + size, j * stride : j * stride + size]
        equal = (window[..., None] == weights).sum(axis=(0, 1, 2))
        assert np.array_equal(sums[b, i, j], 2 * equal - fan_in)


@pytest.mark.parametrize(("n", "h", "w", "c", "o", "size", "stride"), SHAPES)
def test_compiled_routines_equal_the_reference(
    n: int, h: int, w: int, c: int, o: int, size: int, stride: int
) -> None:
    x, rows = pack_bits(coins(n, h, w, c)), weight_rows(coins(size, size, c, o, seed=1))
    arguments: dict[str, tuple[Any, ...]] = {
        "bit_sums": (x, rows, NO_TAPS, size, stride, size * size * c)
    }
    sums = reference.bit_sums(*arguments["bit_sums"])
    flips = pack_bits(coins(o))
    real = normals(*sums.shape)
    arguments["real_sums"] = (
        normals(n, h, w, c),
        normals(size * size * c, o),
        size,
        stride,
    )
    cuts = np.random.default_rng(2).integers(-9, 9, (2, 3, o)).astype(np.int32)
    arguments["cut"] = (sums, cuts, flips)
    arguments["bit_block"] = (*arguments["bit_sums"], False, cuts, flips)
    arguments["real_block"] = (*arguments["real_sums"], False, cuts.astype(np.float32), flips)
    for name, given in arguments.items():
        ours, theirs = (getattr(module, name)(*given) for module in (COMPILED, reference))
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs), name
    for replicate in (False, True):
        given = (x, 1, channel_mask(c), replicate)
        assert np.array_equal(COMPILED.pad(*given), reference.pad(*given))
    assert np.array_equal(
        COMPILED.cut(real, cuts.astype(np.float32), flips),
        reference.cut(real, cuts.astype(np.float32), flips),
    )
    for maps, carried in ((sums, o), (real, o // 2), (sums, 0)):
        given = (maps, normals(o), normals(o, seed=1), normals(o, seed=2), real[..., :carried])
        given = (*given[:4], np.ascontiguousarray(given[4]))
        assert np.array_equal(COMPILED.scale_shift(*given), reference.scale_shift(*given))
    flat, weights = x.reshape(n, -1), normals(64 * x[0].size, o)
    np.testing.assert_allclose(
        COMPILED.dense(flat, weights), reference.dense(flat, weights), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize(("height", "width"), [(2, 2), (5, 6), (4, 9)])
@pytest.mark.parametrize("outputs", [5, 64, 130])
def test_pooled_blocks_equal_the_reference(height: int, width: int, outputs: int) -> None:
    x, rows = pack_bits(coins(3, height + 2, width + 2, 70)), weight_rows(coins(3, 3, 70, outputs))
    taps = np.random.default_rng(3).integers(-70, 70, (3, 3, outputs)).astype(np.int32)
    cuts = np.random.default_rng(2).integers(-9, 9, (3, 2, outputs)).astype(np.int32)
    flips = pack_bits(coins(outputs))
    for given in (NO_TAPS, taps):
        arguments = (x, rows, given, 3, 1, 630, True, cuts, flips)
        bits = COMPILED.bit_block(*arguments)
        assert bits.shape == (3, height // 2, width // 2, word_count(outputs))
        assert np.array_equal(bits, reference.bit_block(*arguments))
    real = normals(3, height + 2, width + 2, 2)
    values = (real, normals(18, outputs), 3, 1, True, cuts.astype(np.float32), flips)
    assert np.array_equal(COMPILED.real_block(*values), reference.real_block(*values))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 4), (5, 3)])
def test_a_border_of_zeros_adds_nothing(stride: int, height: int, width: int) -> None:
    x, weights = coins(2, height, width, 9), coins(3, 3, 9, 4, seed=1)
    words = reference.pad(pack_bits(x), 1, np.zeros(1, np.uint64), False)
    taps = (2 * weights.sum(axis=2) - 9).astype(np.int32)
    zeros = np.zeros((2, height + 2, width + 2, 9), np.int64)
    zeros[:, 1:-1, 1:-1] = 2 * x - 1
    for module in (COMPILED, reference):
        sums = module.bit_sums(words, weight_rows(weights), taps, 3, stride, 81)
        for b, i, j in itertools.product(*map(range, sums.shape[:3])):
            window = zeros[b, i * stride : i * stride + 3, j * stride : j * stride + 3]
            expected = (window[..., None] * (2 * weights.astype(np.int64) - 1)).sum(axis=(0, 1, 2))
            assert np.array_equal(sums[b, i, j], expected)


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
    x, weights = np.stack([c, a], 1)[:, None, None], np.stack([np.ones_like(b), b])
    for module in (COMPILED, reference):
        for k in range(len(a)):
            rows = np.ascontiguousarray(weights[:, k : k + 1])
            got = module.real_sums(np.ascontiguousarray(x[k : k + 1]), rows, 1, 1).item()
            exact = Fraction(float(a[k])) * Fraction(float(b[k])) + Fraction(float(c[k]))
            assert got == nearest_float32(exact)


def nearest_float32(exact: Fraction) -> float:
    """The closest float32, the even one of two."""
    start = np.float32(float(exact))
    around = [np.nextafter(start, np.float32(end)) for end in (-np.inf, np.inf)]
    candidates = [start, *around]

    def rank(value: np.float32) -> tuple[Fraction, int]:
        return abs(Fraction(float(value)) - exact), int(value.view(np.int32)) & 1

    return float(min(candidates, key=rank))


def test_pooling_drops_an_odd_last_row() -> None:
    x = np.arange(15, dtype=np.float32).reshape(1, 3, 5, 1)
    one, flips = np.array([[1.0], [0.0], [0.0]], np.float32), np.zeros(1, np.uint64)
    for cut, bits in ((6, [[1, 1]]), (7, [[0, 1]]), (9, [[0, 0]])):
        cuts = np.full((1, 1, 1), cut, np.float32)
        for module in (COMPILED, reference):
            assert module.real_block(x, one, 1, 1, True, cuts, flips)[0, :, :, 0].tolist() == bits


def test_cut_repeats_its_pattern_and_inverts_flipped_channels() -> None:
    x = np.zeros((1, 3, 3, 2), np.int32)
    cuts = np.array([[[0, 0], [1, 1]]], np.int32)  # 1×2 cells
    bits = reference.cut(x, cuts, np.array([2], np.uint64))
    assert bits[0, :, :, 0].tolist() == [[1, 2, 1]] * 3


def test_backends_by_name() -> None:
    assert load_backend("numpy").__name__ == "design_core.engine.reference"
    assert load_backend() is COMPILED
    with pytest.raises(ValueError, match="Unknown backend 'cuda'; choose one of numba, numpy"):
        load_backend("cuda")
