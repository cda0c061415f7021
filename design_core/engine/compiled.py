"""The routines of `design_core.engine.reference`, compiled by numba; same names, same results.

Serial and without the interpreter lock: whoever wants more threads calls from more threads. The
loop over the outputs is the innermost one, which compiles to ``vpopcntq`` where the processor has
it. Four pixels share each load of a weight, and three weights each visit of a sum.

Callers guarantee the shapes: nothing here checks bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from design_core.engine.bits import Words

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
Function = TypeVar("Function", bound=Callable[..., Any])

#: Pixels per tile, and rows of the weight matrix per step. The loops below are written out for it.
_PIXELS = 4
_ROWS = 3


def _compiled(function: Function) -> Function:
    compiler: Any = numba.njit
    try:
        made: Function = compiler(nogil=True, cache=True)(function)
    except RuntimeError:  # no folder to cache in can be written to
        made = compiler(nogil=True)(function)
    return made


def _intrinsic(function: Callable[..., Any]) -> Any:
    return intrinsic(function)


@_intrinsic
def _popcount(_: Any, _word: Any) -> Any:
    """Number of bits set in a uint64; the processor's own instruction."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), code


@_intrinsic
def _fused(_: Any, _a: Any, _b: Any, _c: Any) -> Any:
    """a · b + c of float32, rounded once."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float32(types.float32, types.float32, types.float32), code


@_compiled
def pad(x: NDArray[Any], margin: int, fill: NDArray[Any], replicate: bool) -> NDArray[Any]:
    batch, height, width, depth = x.shape
    padded = np.empty((batch, height + 2 * margin, width + 2 * margin, depth), x.dtype)
    for n in range(batch):
        for i in range(height + 2 * margin):
            y = min(max(i - margin, 0), height - 1)
            for j in range(width + 2 * margin):
                z = min(max(j - margin, 0), width - 1)
                if replicate or (y == i - margin and z == j - margin):
                    for c in range(depth):
                        padded[n, i, j, c] = x[n, y, z, c]
                else:
                    for c in range(depth):
                        padded[n, i, j, c] = fill[c]
    return padded


@_compiled
def _gather(
    patch: NDArray[Any], p: int, rows: NDArray[Any], index: int, size: int, stride: int, wide: int
) -> None:
    """Copy the window of one output pixel, by flat index, from maps (N, H, W·C) into patch[p]."""
    height = (rows.shape[1] - size) // stride + 1
    width = (rows.shape[2] // wide - size) // stride + 1
    n, pixel = divmod(index, height * width)
    i, j = divmod(pixel, width)
    span = size * wide
    for u in range(size):
        for q in range(span):
            patch[p, u * span + q] = rows[n, i * stride + u, j * stride * wide + q]


@_compiled
def _dot_bits(patch: Words, weights: Words, fan_in: int, sums: NDArray[np.int64]) -> None:
    """Sums of ±1 products of four patches with all outputs."""
    depth, outputs = weights.shape
    for p in range(_PIXELS):
        for o in range(outputs):
            sums[p, o] = 0
    for k in range(0, depth, _ROWS):
        a0, a1, a2 = patch[0, k], patch[0, k + 1], patch[0, k + 2]
        b0, b1, b2 = patch[1, k], patch[1, k + 1], patch[1, k + 2]
        c0, c1, c2 = patch[2, k], patch[2, k + 1], patch[2, k + 2]
        d0, d1, d2 = patch[3, k], patch[3, k + 1], patch[3, k + 2]
        for o in range(outputs):
            w0, w1, w2 = weights[k, o], weights[k + 1, o], weights[k + 2, o]
            sums[0, o] += _popcount(a0 ^ w0) + _popcount(a1 ^ w1) + _popcount(a2 ^ w2)
            sums[1, o] += _popcount(b0 ^ w0) + _popcount(b1 ^ w1) + _popcount(b2 ^ w2)
            sums[2, o] += _popcount(c0 ^ w0) + _popcount(c1 ^ w1) + _popcount(c2 ^ w2)
            sums[3, o] += _popcount(d0 ^ w0) + _popcount(d1 ^ w1) + _popcount(d2 ^ w2)
    for p in range(_PIXELS):
        for o in range(outputs):
            sums[p, o] = fan_in - 2 * sums[p, o]


@_compiled
def _dot_real(patch: Floats, weights: Floats, sums: Floats) -> None:
    """Sums of products of four patches with all outputs, each a chain of fused steps."""
    depth, outputs = weights.shape
    for p in range(_PIXELS):
        for o in range(outputs):
            sums[p, o] = 0
    for k in range(0, depth, _ROWS):
        a0, a1, a2 = patch[0, k], patch[0, k + 1], patch[0, k + 2]
        b0, b1, b2 = patch[1, k], patch[1, k + 1], patch[1, k + 2]
        c0, c1, c2 = patch[2, k], patch[2, k + 1], patch[2, k + 2]
        d0, d1, d2 = patch[3, k], patch[3, k + 1], patch[3, k + 2]
        for o in range(outputs):
            w0, w1, w2 = weights[k, o], weights[k + 1, o], weights[k + 2, o]
            sums[0, o] = _fused(a2, w2, _fused(a1, w1, _fused(a0, w0, sums[0, o])))
            sums[1, o] = _fused(b2, w2, _fused(b1, w1, _fused(b0, w0, sums[1, o])))
            sums[2, o] = _fused(c2, w2, _fused(c1, w1, _fused(c0, w0, sums[2, o])))
            sums[3, o] = _fused(d2, w2, _fused(d1, w1, _fused(d0, w0, sums[3, o])))


@_compiled
def _pixel(tile: int, p: int, height: int, width: int, pool: bool) -> int:
    """Flat index of the pixel that is the p-th of a tile: four in a row, or a pooling window."""
    if not pool:
        return tile * _PIXELS + p
    n, cell = divmod(tile, (height // 2) * (width // 2))
    i, j = divmod(cell, width // 2)
    return (n * height + 2 * i + p // 2) * width + 2 * j + p % 2


@_compiled
def _add_lacking(
    sums: NDArray[Any], i: int, j: int, taps: Sums, height: int, width: int, stride: int
) -> None:
    """Add the weights that pixel (i, j) meets beyond the border to its sums (outputs,)."""
    size = taps.shape[0]
    for u in range(size):
        y = i * stride + u - size // 2
        for v in range(size):
            x = j * stride + v - size // 2
            if y < 0 or y >= height or x < 0 or x >= width:
                for o in range(taps.shape[2]):
                    sums[o] += taps[u, v, o]


@_compiled
def _cut_pixel(
    bits: Words, sums: NDArray[Any], row: int, cuts: NDArray[Any], i: int, j: int, flips: Words
) -> None:
    """Cut the sums of one pixel, sums[row], into words (⌈C/64⌉,)."""
    a, b = i % cuts.shape[0], j % cuts.shape[1]
    for q in range(flips.size):
        word = np.uint64(0)
        for c in range(min(64, cuts.shape[2] - 64 * q)):
            fires = sums[row, 64 * q + c] >= cuts[a, b, 64 * q + c]
            word |= np.uint64(fires) << np.uint64(c)
        bits[q] = word ^ flips[q]


@_compiled
def _cut_tile(
    bits: Words, sums: NDArray[Any], tile: int, pool: bool, cuts: NDArray[Any], flips: Words
) -> None:
    """Cut the sums of one tile into maps (N, H, W, ⌈C/64⌉), after pooling if asked."""
    batch, height, width, _ = bits.shape
    if pool:
        for o in range(cuts.shape[2]):
            upper, lower = max(sums[0, o], sums[1, o]), max(sums[2, o], sums[3, o])
            sums[0, o] = max(upper, lower)
    first, count = (tile, 1) if pool else (tile * _PIXELS, _PIXELS)
    for p in range(min(count, batch * height * width - first)):
        n, pixel = divmod(first + p, height * width)
        i, j = divmod(pixel, width)
        _cut_pixel(bits[n, i, j], sums, p, cuts, i, j, flips)


@_compiled
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
    batch, padded_height, padded_width, wide = x.shape
    height = (padded_height - size) // stride + 1
    width = (padded_width - size) // stride + 1
    pixels = batch * height * width
    rows = x.reshape(batch, padded_height, padded_width * wide)
    patch = np.zeros((_PIXELS, weights.shape[0]), np.uint64)
    sums = np.empty((_PIXELS, weights.shape[1]), np.int64)
    shrink = 2 if pool else 1
    bits = np.empty((batch, height // shrink, width // shrink, flips.size), np.uint64)
    tiles = bits.size // flips.size if pool else (pixels + _PIXELS - 1) // _PIXELS
    margin = taps.shape[0] // 2
    for tile in range(tiles):
        for p in range(_PIXELS):
            index = min(_pixel(tile, p, height, width, pool), pixels - 1)
            _gather(patch, p, rows, index, size, stride, wide)
        _dot_bits(patch, weights, fan_in, sums)
        if margin:
            for p in range(_PIXELS):
                index = min(_pixel(tile, p, height, width, pool), pixels - 1) % (height * width)
                inner_height, inner_width = padded_height - 2 * margin, padded_width - 2 * margin
                i, j = divmod(index, width)
                _add_lacking(sums[p], i, j, taps, inner_height, inner_width, stride)
        _cut_tile(bits, sums, tile, pool, cuts, flips)
    return bits


@_compiled
def real_block(
    x: Floats, weights: Floats, size: int, stride: int, pool: bool, cuts: Floats, flips: Words
) -> Words:
    batch, padded_height, padded_width, wide = x.shape
    height = (padded_height - size) // stride + 1
    width = (padded_width - size) // stride + 1
    pixels = batch * height * width
    rows = x.reshape(batch, padded_height, padded_width * wide)
    patch = np.zeros((_PIXELS, weights.shape[0]), np.float32)
    sums = np.empty((_PIXELS, weights.shape[1]), np.float32)
    shrink = 2 if pool else 1
    bits = np.empty((batch, height // shrink, width // shrink, flips.size), np.uint64)
    tiles = bits.size // flips.size if pool else (pixels + _PIXELS - 1) // _PIXELS
    for tile in range(tiles):
        for p in range(_PIXELS):
            index = min(_pixel(tile, p, height, width, pool), pixels - 1)
            _gather(patch, p, rows, index, size, stride, wide)
        _dot_real(patch, weights, sums)
        _cut_tile(bits, sums, tile, pool, cuts, flips)
    return bits


@_compiled
def bit_sums(x: Words, weights: Words, taps: Sums, size: int, stride: int, fan_in: int) -> Sums:
    batch, padded_height, padded_width, wide = x.shape
    height = (padded_height - size) // stride + 1
    width = (padded_width - size) // stride + 1
    outputs = weights.shape[1]
    pixels = batch * height * width
    rows = x.reshape(batch, padded_height, padded_width * wide)
    patch = np.zeros((_PIXELS, weights.shape[0]), np.uint64)
    tile = np.empty((_PIXELS, outputs), np.int64)
    sums = np.empty((pixels, outputs), np.int32)
    margin = taps.shape[0] // 2
    for start in range(0, pixels, _PIXELS):
        for p in range(_PIXELS):
            _gather(patch, p, rows, min(start + p, pixels - 1), size, stride, wide)
        _dot_bits(patch, weights, fan_in, tile)
        for p in range(min(_PIXELS, pixels - start)):
            if margin:
                inner_height, inner_width = padded_height - 2 * margin, padded_width - 2 * margin
                i, j = divmod((start + p) % (height * width), width)
                _add_lacking(tile[p], i, j, taps, inner_height, inner_width, stride)
            for o in range(outputs):
                sums[start + p, o] = tile[p, o]
    return sums.reshape(batch, height, width, outputs)


@_compiled
def real_sums(x: Floats, weights: Floats, size: int, stride: int) -> Floats:
    batch, padded_height, padded_width, wide = x.shape
    height = (padded_height - size) // stride + 1
    width = (padded_width - size) // stride + 1
    outputs = weights.shape[1]
    pixels = batch * height * width
    rows = x.reshape(batch, padded_height, padded_width * wide)
    patch = np.zeros((_PIXELS, weights.shape[0]), np.float32)
    tile = np.empty((_PIXELS, outputs), np.float32)
    sums = np.empty((pixels, outputs), np.float32)
    for start in range(0, pixels, _PIXELS):
        for p in range(_PIXELS):
            _gather(patch, p, rows, min(start + p, pixels - 1), size, stride, wide)
        _dot_real(patch, weights, tile)
        for p in range(min(_PIXELS, pixels - start)):
            for o in range(outputs):
                sums[start + p, o] = tile[p, o]
    return sums.reshape(batch, height, width, outputs)


@_compiled
def cut(x: NDArray[Any], cuts: NDArray[Any], flips: Words) -> Words:
    batch, height, width, channels = x.shape
    bits = np.empty((batch, height, width, flips.size), np.uint64)
    pixels = x.reshape(batch * height * width, channels)
    for n in range(batch):
        for i in range(height):
            for j in range(width):
                row = (n * height + i) * width + j
                _cut_pixel(bits[n, i, j], pixels, row, cuts, i, j, flips)
    return bits


@_compiled
def scale_shift(
    x: NDArray[Any], scale: Floats, slope: Floats, offset: Floats, shortcut: Floats
) -> Floats:
    batch, height, width, channels = x.shape
    carried = shortcut.shape[3]
    y = np.empty(x.shape, np.float32)
    for n in range(batch):
        for i in range(height):
            for j in range(width):
                for c in range(channels):
                    scaled = np.float32(x[n, i, j, c]) * scale[c]
                    y[n, i, j, c] = _fused(scaled, slope[c], offset[c])
                for c in range(carried):
                    y[n, i, j, c] += shortcut[n, i, j, c]
    return y


@_compiled
def dense(x: Words, weights: Floats) -> Floats:
    batch, words = x.shape
    outputs = weights.shape[1]
    y = np.empty((batch, outputs), np.float32)
    totals = np.empty(outputs, np.float64)
    for n in range(batch):
        for o in range(outputs):
            totals[o] = 0
        for q in range(words):
            for b in range(64):
                fires = (x[n, q] >> np.uint64(b)) & np.uint64(1)
                sign = 1.0 if fires else -1.0
                for o in range(outputs):
                    totals[o] += sign * weights[64 * q + b, o]
        for o in range(outputs):
            y[n, o] = totals[o]
    return y
