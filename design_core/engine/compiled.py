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
def _windows(
    height: int, width: int, stride: int, row: int, wide: int, pool: bool
) -> NDArray[np.int64]:
    """Row, column and first value of the window of each pixel, four pixels to a tile.

    A tile is a pooling window, or four pixels one after the other; the last pixel is repeated to
    fill the last tile. `row` and `wide` are values per row and per pixel of the padded map.
    """
    if pool:
        height, width = height // 2 * 2, width // 2 * 2
    pixels = height * width
    windows = np.empty(((pixels + _PIXELS - 1) // _PIXELS * _PIXELS, 3), np.int64)
    k = 0
    for i in range(height):
        for j in range(width):
            if pool:
                k = 4 * ((i // 2) * (width // 2) + j // 2) + 2 * (i % 2) + j % 2
            windows[k, 0] = i
            windows[k, 1] = j
            windows[k, 2] = i * stride * row + j * stride * wide
            k += 1
    for rest in range(pixels, len(windows)):
        windows[rest] = windows[pixels - 1]
    return windows


@_compiled
def _gather(
    patch: NDArray[Any],
    p: int,
    values: NDArray[Any],
    n: int,
    start: int,
    size: int,
    span: int,
    row: int,
) -> None:
    """Copy one window, size rows of span values, of picture n from maps (N, H·row) to patch[p]."""
    for u in range(size):
        for q in range(span):
            patch[p, u * span + q] = values[n, start + u * row + q]


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
def _add_lacking(
    sums: NDArray[Any],
    p: int,
    i: int,
    j: int,
    taps: Sums,
    padded_height: int,
    padded_width: int,
    stride: int,
) -> None:
    """Add the weights that pixel (i, j) meets beyond the border to its sums, sums[p]."""
    size = taps.shape[0]
    margin = size // 2
    for u in range(size):
        y = i * stride + u
        for v in range(size):
            x = j * stride + v
            inside = margin <= y < padded_height - margin and margin <= x < padded_width - margin
            if not inside:
                for o in range(taps.shape[2]):
                    sums[p, o] += taps[u, v, o]


@_compiled
def _cut_pixel(
    bits: Words,
    pixel: int,
    sums: NDArray[Any],
    row: int,
    cuts: NDArray[Any],
    a: int,
    b: int,
    flips: Words,
) -> None:
    """Cut sums[row] at the thresholds of cell (a, b) into the words bits[pixel]."""
    for q in range(flips.size):
        word = np.uint64(0)
        # Written in just this way, this loop becomes vector code; with its tail apart it does not.
        for c in range(min(64, cuts.shape[2] - 64 * q)):
            word |= np.uint64(sums[row, 64 * q + c] >= cuts[a, b, 64 * q + c]) << np.uint64(c)
        bits[pixel, q] = word ^ flips[q]


@_compiled
def _cut_tile(
    bits: Words,
    n: int,
    pixels: int,
    sums: NDArray[Any],
    tile: int,
    windows: NDArray[np.int64],
    pool: bool,
    cuts: NDArray[Any],
    flips: Words,
) -> None:
    """Cut the sums of one tile of picture n into words (N·pixels, ⌈C/64⌉), pooled if asked."""
    rows, columns, channels = cuts.shape
    first = _PIXELS * tile
    if pool:
        for o in range(channels):
            upper, lower = max(sums[0, o], sums[1, o]), max(sums[2, o], sums[3, o])
            sums[0, o] = max(upper, lower)
        a, b = windows[first, 0] // 2 % rows, windows[first, 1] // 2 % columns
        _cut_pixel(bits, n * pixels + tile, sums, 0, cuts, a, b, flips)
    else:
        for p in range(min(_PIXELS, pixels - first)):
            a, b = windows[first + p, 0] % rows, windows[first + p, 1] % columns
            _cut_pixel(bits, n * pixels + first + p, sums, p, cuts, a, b, flips)


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
    row = padded_width * wide
    windows = _windows(height, width, stride, row, wide, pool)
    values = x.reshape(batch, padded_height * row)
    patch = np.zeros((_PIXELS, weights.shape[0]), np.uint64)
    sums = np.empty((_PIXELS, weights.shape[1]), np.int64)
    if pool:
        height, width = height // 2, width // 2
    pixels = height * width
    bits = np.empty((batch * pixels, flips.size), np.uint64)
    for n in range(batch):
        for tile in range(len(windows) // _PIXELS):
            for p in range(_PIXELS):
                _gather(patch, p, values, n, windows[_PIXELS * tile + p, 2], size, size * wide, row)
            _dot_bits(patch, weights, fan_in, sums)
            if taps.size:
                for p in range(_PIXELS):
                    i, j = windows[_PIXELS * tile + p, 0], windows[_PIXELS * tile + p, 1]
                    _add_lacking(sums, p, i, j, taps, padded_height, padded_width, stride)
            _cut_tile(bits, n, pixels, sums, tile, windows, pool, cuts, flips)
    return bits.reshape(batch, height, width, flips.size)


@_compiled
def real_block(
    x: Floats, weights: Floats, size: int, stride: int, pool: bool, cuts: Floats, flips: Words
) -> Words:
    batch, padded_height, padded_width, wide = x.shape
    height = (padded_height - size) // stride + 1
    width = (padded_width - size) // stride + 1
    row = padded_width * wide
    windows = _windows(height, width, stride, row, wide, pool)
    values = x.reshape(batch, padded_height * row)
    patch = np.zeros((_PIXELS, weights.shape[0]), np.float32)
    sums = np.empty((_PIXELS, weights.shape[1]), np.float32)
    if pool:
        height, width = height // 2, width // 2
    pixels = height * width
    bits = np.empty((batch * pixels, flips.size), np.uint64)
    for n in range(batch):
        for tile in range(len(windows) // _PIXELS):
            for p in range(_PIXELS):
                _gather(patch, p, values, n, windows[_PIXELS * tile + p, 2], size, size * wide, row)
            _dot_real(patch, weights, sums)
            _cut_tile(bits, n, pixels, sums, tile, windows, pool, cuts, flips)
    return bits.reshape(batch, height, width, flips.size)


@_compiled
def bit_sums(x: Words, weights: Words, taps: Sums, size: int, stride: int, fan_in: int) -> Sums:
    batch, padded_height, padded_width, wide = x.shape
    height = (padded_height - size) // stride + 1
    width = (padded_width - size) // stride + 1
    row, outputs = padded_width * wide, weights.shape[1]
    windows = _windows(height, width, stride, row, wide, False)
    values = x.reshape(batch, padded_height * row)
    patch = np.zeros((_PIXELS, weights.shape[0]), np.uint64)
    sums = np.empty((_PIXELS, outputs), np.int64)
    given = np.empty((batch, height * width, outputs), np.int32)
    for n in range(batch):
        for start in range(0, len(windows), _PIXELS):
            for p in range(_PIXELS):
                _gather(patch, p, values, n, windows[start + p, 2], size, size * wide, row)
            _dot_bits(patch, weights, fan_in, sums)
            for p in range(min(_PIXELS, height * width - start)):
                if taps.size:
                    i, j = windows[start + p, 0], windows[start + p, 1]
                    _add_lacking(sums, p, i, j, taps, padded_height, padded_width, stride)
                for o in range(outputs):
                    given[n, start + p, o] = sums[p, o]
    return given.reshape(batch, height, width, outputs)


@_compiled
def real_sums(x: Floats, weights: Floats, size: int, stride: int) -> Floats:
    batch, padded_height, padded_width, wide = x.shape
    height = (padded_height - size) // stride + 1
    width = (padded_width - size) // stride + 1
    row, outputs = padded_width * wide, weights.shape[1]
    windows = _windows(height, width, stride, row, wide, False)
    values = x.reshape(batch, padded_height * row)
    patch = np.zeros((_PIXELS, weights.shape[0]), np.float32)
    sums = np.empty((_PIXELS, outputs), np.float32)
    given = np.empty((batch, height * width, outputs), np.float32)
    for n in range(batch):
        for start in range(0, len(windows), _PIXELS):
            for p in range(_PIXELS):
                _gather(patch, p, values, n, windows[start + p, 2], size, size * wide, row)
            _dot_real(patch, weights, sums)
            for p in range(min(_PIXELS, height * width - start)):
                for o in range(outputs):
                    given[n, start + p, o] = sums[p, o]
    return given.reshape(batch, height, width, outputs)


@_compiled
def cut(x: NDArray[Any], cuts: NDArray[Any], flips: Words) -> Words:
    batch, height, width, channels = x.shape
    rows, columns, _ = cuts.shape
    pixels = x.reshape(batch * height * width, channels)
    bits = np.empty((batch * height * width, flips.size), np.uint64)
    for n in range(batch):
        for i in range(height):
            for j in range(width):
                pixel = (n * height + i) * width + j
                _cut_pixel(bits, pixel, pixels, pixel, cuts, i % rows, j % columns, flips)
    return bits.reshape(batch, height, width, flips.size)


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
