"""The layers in NumPy: the definition that compiled programs are tested against.

Also what runs where numba is missing. Sums of ±1 are taken as float32 products here, which is
exact up to 2²⁴ and, through BLAS, faster than counting bits in NumPy.

Maps are (N, H, W, C), packed ones (N, H, W, ⌈C/32⌉) words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.engine.bits import pack_bits, unpack_bits
from design_core.engine.layers import (
    BitConv,
    BitDense,
    Block,
    Cut,
    Enlarge,
    EnlargeBilinear,
    GlobalMean,
    Layer,
    Maps,
    RealConv,
    Repeat,
    Residual,
    ScaleShift,
    Signs,
    weight_bits,
)

__all__ = ["fused", "program"]

#: Values of the largest map of the pictures that are computed together: windows take many times
#: that.
_VALUES = 2**18

Array = NDArray[Any]
Floats = NDArray[np.float32]


def program(
    layers: Sequence[Layer], maps: Maps, *, planar: bool = False
) -> Callable[[Array], Array]:
    """See `design_core.engine.backend.Backend`."""
    largest = 1
    for layer in layers:
        maps = layer.gives(maps)
        largest = max(largest, maps.channels * maps.height * maps.width)
    together = max(1, _VALUES // largest)

    def run(x: Array) -> Array:
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)) if planar else x
        starts = range(0, len(x), together)
        return np.concatenate([_through(layers, x[start : start + together]) for start in starts])

    return run


def _through(layers: Sequence[Layer], x: Array) -> Array:
    for layer in layers:
        x = compute(layer, x)
    return x


@singledispatch
def compute(layer: Layer, x: Array) -> Array:
    """What a layer makes of a batch."""
    raise TypeError(f"{type(layer).__name__} has no definition here, for x of shape {x.shape}.")


@compute.register
def _(layer: BitConv, x: Array) -> Array:
    """Sums of ±1 products over windows, int32, exact."""
    signs = _signs(x, layer.channels)
    if layer.margin:
        fill = 1 if layer.padding == "one" else 0
        signs = _padded(signs, layer.margin, fill, replicate=layer.padding == "replicate")
    weights = np.where(weight_bits(layer), np.float32(1), np.float32(-1))
    rows = weights.swapaxes(2, 3).reshape(-1, weights.shape[2])
    return (_patches(signs, layer.size, layer.stride) @ rows).astype(np.int32)


@compute.register
def _(layer: RealConv, x: Array) -> Array:
    """Convolution of real maps; a chain of fused multiply-adds in the order of the rows.

    The order is fixed because it decides the last bit of the sum, and so, now and then, a bit of
    the network. It is that of PyTorch's batches on x86 (oneDNN).
    """
    padded = _padded(x, layer.margin, 0, replicate=False)
    patches = _patches(padded, layer.size, layer.stride)
    weights = layer.weights.reshape(-1, layer.weights.shape[3])
    sums = np.zeros((*patches.shape[:3], weights.shape[1]), np.float32)
    for index in range(patches.shape[-1]):
        sums = fused(patches[..., index, None], weights[index], sums)
    return sums


@compute.register
def _(layer: Cut, x: Array) -> Array:
    rows, columns, _ = layer.cuts.shape
    tiled = layer.cuts[np.arange(x.shape[1]) % rows][:, np.arange(x.shape[2]) % columns]
    return pack_bits(x >= tiled) ^ layer.flips


@compute.register
def _(layer: Block, x: Array) -> Array:
    sums = compute(layer.conv, x)
    return compute(layer.cut, _max_pool(sums) if layer.pool else sums)


@compute.register
def _(layer: ScaleShift, x: Array) -> Array:
    """Rounded to float32 as PyTorch does: after ``· scale``, and once for ``· slope + offset``."""
    scaled = x.astype(np.float32) * layer.scale
    return fused(scaled, layer.slope, np.broadcast_to(layer.offset, x.shape))


@compute.register
def _(layer: Residual, x: Array) -> Array:
    y = compute(layer.norm, compute(layer.conv, compute(layer.act, x)))
    y[..., : x.shape[3]] += _averaged(x, layer.conv.stride)
    return y


@compute.register
def _(layer: Repeat, x: Array) -> Array:
    return np.repeat(x, layer.copies, axis=-1)


@compute.register
def _(_layer: Enlarge, x: Array) -> Array:
    return x.repeat(2, axis=1).repeat(2, axis=2)


@compute.register
def _(_layer: EnlargeBilinear, x: Array) -> Array:
    return _between(_between(x, 1), 2)


@compute.register
def _(layer: Signs, x: Array) -> Array:
    return _signs(x, layer.channels)


@compute.register
def _(_layer: GlobalMean, x: Array) -> Array:
    means: NDArray[np.float64] = x.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
    return means.astype(np.float32)


@compute.register
def _(layer: BitDense, x: Array) -> Array:
    signs = _signs(x, layer.weights.shape[2]).astype(np.float64)
    weights = layer.weights.reshape(-1, layer.weights.shape[3])
    scores = signs.reshape(len(x), -1) @ weights.astype(np.float64)
    return scores.astype(np.float32)[:, None, None]


def _between(x: Floats, axis: int) -> Floats:
    """Maps of twice the size along an axis: three parts of the own pixel, one of its neighbour."""
    x = np.moveaxis(x, axis, 0)
    own, part = np.float32(0.75) * x, np.float32(0.25) * x
    before = np.concatenate([part[:1], part[:-1]])
    after = np.concatenate([part[1:], part[-1:]])
    pairs = np.stack([own + before, own + after], axis=1)
    return np.moveaxis(pairs.reshape(-1, *x.shape[1:]), 0, axis)


def _padded(x: Array, margin: int, fill: int, *, replicate: bool) -> Array:
    """Maps with `margin` pixels more on each side, of `fill`, or each the nearest pixel."""
    widths = ((0, 0), (margin, margin), (margin, margin), (0, 0))
    if replicate:
        return np.pad(x, widths, mode="edge")
    return np.pad(x, widths, constant_values=fill)


def _max_pool(x: Array) -> Array:
    """Maxima of 2×2 windows; an odd last row or column is dropped."""
    height, width = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
    x = x[:, :height, :width]
    pooled: Array = x[:, ::2, ::2]
    for part in (x[:, ::2, 1::2], x[:, 1::2, ::2], x[:, 1::2, 1::2]):
        pooled = np.maximum(pooled, part)
    return pooled


def _averaged(x: Floats, stride: int) -> Floats:
    """Means of stride × stride windows, those at the end of what pixels they have."""
    if stride == 1:
        return x
    height, width = x.shape[1:3]
    rows, columns = -(-height // stride), -(-width // stride)
    total = np.zeros((len(x), rows, columns, x.shape[3]), np.float32)
    for i in range(stride):
        for j in range(stride):
            part = x[:, i::stride, j::stride]
            total[:, : part.shape[1], : part.shape[2]] += part
    tall = np.minimum(stride, height - stride * np.arange(rows))
    broad = np.minimum(stride, width - stride * np.arange(columns))
    counts = (tall[:, None] * broad).astype(np.float32)
    means: Floats = total / counts[:, :, None]
    return means


def _patches(x: Array, size: int, stride: int) -> Array:
    """Windows of padded maps, (N, H', W', size · size · C)."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    windows = np.moveaxis(windows[:, ::stride, ::stride], 3, -1)
    return windows.reshape(*windows.shape[:3], -1)


def _signs(words: Array, channels: int) -> Floats:
    """Words (…, ⌈C/32⌉) → ±1 (…, C)."""
    return np.where(unpack_bits(words, channels), np.float32(1), np.float32(-1))


def fused(a: Array, b: Array, c: Array) -> Floats:
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
