"""The routines in NumPy: the definition that the compiled ones are tested against.

Also what runs where numba is missing. Sums of ±1 are taken as float32 products here, which is
exact up to 2²⁴ and, through BLAS, faster than counting bits in NumPy.

Maps are (N, H, W, C), packed ones (N, H, W, ⌈C/64⌉) words. Weights are a matrix of one row per
word or value of a patch (rows of the window, columns, channels) and one column per output.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.engine.bits import WORD, Words, pack_bits, unpack_bits

__all__ = [
    "bit_block",
    "bit_sums",
    "cut",
    "dense",
    "pad",
    "real_block",
    "real_sums",
    "scale_shift",
]

Floats = NDArray[np.float32]
Sums = NDArray[np.int32]


def pad(x: NDArray[Any], margin: int, fill: NDArray[Any], replicate: bool) -> NDArray[Any]:
    """Widen maps by `margin` pixels on each side: of `fill` (C,), or each the nearest pixel."""
    if replicate:
        rows, columns = (np.arange(-margin, size + margin) for size in x.shape[1:3])
        rows, columns = rows.clip(0, x.shape[1] - 1), columns.clip(0, x.shape[2] - 1)
        return x[:, rows][:, :, columns]
    batch, height, width, depth = x.shape
    padded = np.empty((batch, height + 2 * margin, width + 2 * margin, depth), x.dtype)
    padded[:] = fill
    padded[:, margin : margin + height, margin : margin + width] = x
    return padded


def bit_sums(x: Words, weights: Words, taps: Sums, size: int, stride: int, fan_in: int) -> Sums:
    """Sums of ±1 products over windows of size × size: fan-in − 2 · bits that differ.

    Parameters
    ----------
    x
        Padded packed maps.
    taps
        Where the maps are padded by words of 0 that are to count as 0, not as −1: the sums of the
        weights over the channels, (size, size, outputs). Else of shape (0, 0, 0).
    fan_in
        Products per window; the bits beyond them are 0 in maps and weights.

    Returns
    -------
    int32 array (N, H', W', outputs), exact.
    """
    patches = _patches(x, size, stride)
    signs = _signs(patches)
    rows = _signs(weights.T)
    padding = rows.shape[1] - fan_in  # bits 0 everywhere, so each adds (−1)(−1)
    sums = (signs @ rows.T).astype(np.int32) - np.int32(padding)
    if taps.size:
        # Each weight that met a padded −1 is added back.
        beyond = np.ones((1, *x.shape[1:3], 1), np.float32)
        margin = size // 2
        beyond[:, margin : x.shape[1] - margin, margin : x.shape[2] - margin] = 0
        lacking = _patches(beyond, size, stride) @ taps.reshape(size * size, -1)
        sums += lacking.astype(np.int32)
    return sums


def bit_block(
    x: Words,
    weights: Words,
    taps: Sums,
    size: int,
    stride: int,
    fan_in: int,
    pool: bool,
    cuts: Sums,
    flips: Words,
) -> Words:
    """`bit_sums`, maxima of 2×2 sums if asked, and `cut`, at one go."""
    sums = bit_sums(x, weights, taps, size, stride, fan_in)
    return cut(_max_pool(sums) if pool else sums, cuts, flips)


def real_sums(x: Floats, weights: Floats, size: int, stride: int) -> Floats:
    """Convolution of padded real maps; a chain of fused multiply-adds in the order of the rows.

    The order is fixed because it decides the last bit of the sum, and so, now and then, a bit of
    the network. It is that of PyTorch's batches on x86 (oneDNN).
    """
    patches = _patches(x, size, stride)
    sums = np.zeros((*patches.shape[:3], weights.shape[1]), np.float32)
    for index in range(patches.shape[-1]):
        sums = fused(patches[..., index, None], weights[index], sums)
    return sums


def real_block(
    x: Floats, weights: Floats, size: int, stride: int, pool: bool, cuts: Floats, flips: Words
) -> Words:
    """`real_sums`, maxima of 2×2 sums if asked, and `cut`, at one go."""
    sums = real_sums(x, weights, size, stride)
    return cut(_max_pool(sums) if pool else sums, cuts, flips)


def cut(x: NDArray[Any], cuts: NDArray[Any], flips: Words) -> Words:
    """Packed bits ``x ≥ cuts[i mod d1, j mod d2, c]``, those of flipped channels inverted.

    Parameters
    ----------
    x
        int32 or float32 maps.
    cuts
        (d1, d2, C), of the type of x.
    flips
        (⌈C/64⌉,) words, bits set where the channel is inverted.
    """
    rows, columns, _ = cuts.shape
    tiled = cuts[np.arange(x.shape[1]) % rows][:, np.arange(x.shape[2]) % columns]
    return pack_bits(x >= tiled) ^ flips


def scale_shift(
    x: NDArray[Any], scale: Floats, slope: Floats, offset: Floats, shortcut: Floats
) -> Floats:
    """Batch norm of scaled sums, plus the shortcut: ``(x · scale) · slope + offset + shortcut``.

    Rounded to float32 as PyTorch does: after ``· scale``, once for ``· slope + offset``, and after
    the last sum. The shortcut may have fewer channels, or none: they are 0.
    """
    y = fused(x.astype(np.float32) * scale, slope, np.broadcast_to(offset, x.shape))
    y[..., : shortcut.shape[-1]] += shortcut
    return y


def dense(x: Words, weights: Floats) -> Floats:
    """Real linear layer on bits: words (N, W), weights (64·W, outputs) → (N, outputs)."""
    signs = np.where(unpack_bits(x, x.shape[-1] * WORD), 1.0, -1.0)
    scores = signs @ weights.astype(np.float64)
    return scores.astype(np.float32)


def _max_pool(x: NDArray[Any]) -> NDArray[Any]:
    """Maxima of 2×2 windows; an odd last row or column is dropped."""
    height, width = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
    x = x[:, :height, :width]
    pooled: NDArray[Any] = x[:, ::2, ::2]
    for part in (x[:, ::2, 1::2], x[:, 1::2, ::2], x[:, 1::2, 1::2]):
        pooled = np.maximum(pooled, part)
    return pooled


def _patches(x: NDArray[Any], size: int, stride: int) -> NDArray[Any]:
    """Windows of padded maps, (N, H', W', size · size · C)."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    windows = np.moveaxis(windows[:, ::stride, ::stride], 3, -1)
    return windows.reshape(*windows.shape[:3], -1)


def _signs(words: Words) -> Floats:
    """Words (…, W) → ±1 (…, 64·W)."""
    bits = unpack_bits(np.ascontiguousarray(words), words.shape[-1] * WORD)
    return np.where(bits, np.float32(1), np.float32(-1))


def fused(a: NDArray[Any], b: NDArray[Any], c: NDArray[Any]) -> Floats:
    """a · b + c of float32, rounded once.

    The product is exact in float64. Their sum is rounded to odd there, which keeps what the second
    rounding needs to know.
    """
    product = a.astype(np.float64) * b
    total = product + c
    part = total - product
    error = (product - (total - part)) + (c - part)  # exact: total + error = product + c
    bits = total.view(np.int64)
    inexact_even = (error != 0) & (bits & 1 == 0)
    away = (error > 0) == (total > 0)
    bits += np.where(inexact_even, np.where(away, 1, -1), 0)
    rounded: Floats = total.astype(np.float32)
    return rounded
