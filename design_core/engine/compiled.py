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
    "add_rim",
    "bit_sums",
    "cut",
    "dense",
    "max_pool",
    "pad",
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
def bit_sums(x: Words, weights: Words, size: int, stride: int, fan_in: int) -> Sums:
    batch, padded_height, padded_width, wide = x.shape
    height = (padded_height - size) // stride + 1
    width = (padded_width - size) // stride + 1
    depth, outputs = weights.shape
    pixels = batch * height * width
    rows = x.reshape(batch, padded_height, padded_width * wide)
    sums = np.empty((pixels, outputs), np.int32)
    patch = np.zeros((_PIXELS, depth), np.uint64)
    counts = np.empty((_PIXELS, outputs), np.int64)
    for start in range(0, pixels, _PIXELS):
        for p in range(_PIXELS):
            _gather(patch, p, rows, min(start + p, pixels - 1), size, stride, wide)
            for o in range(outputs):
                counts[p, o] = 0
        for k in range(0, depth, _ROWS):
            a0, a1, a2 = patch[0, k], patch[0, k + 1], patch[0, k + 2]
            b0, b1, b2 = patch[1, k], patch[1, k + 1], patch[1, k + 2]
            c0, c1, c2 = patch[2, k], patch[2, k + 1], patch[2, k + 2]
            d0, d1, d2 = patch[3, k], patch[3, k + 1], patch[3, k + 2]
            for o in range(outputs):
                w0, w1, w2 = weights[k, o], weights[k + 1, o], weights[k + 2, o]
                counts[0, o] += _popcount(a0 ^ w0) + _popcount(a1 ^ w1) + _popcount(a2 ^ w2)
                counts[1, o] += _popcount(b0 ^ w0) + _popcount(b1 ^ w1) + _popcount(b2 ^ w2)
                counts[2, o] += _popcount(c0 ^ w0) + _popcount(c1 ^ w1) + _popcount(c2 ^ w2)
                counts[3, o] += _popcount(d0 ^ w0) + _popcount(d1 ^ w1) + _popcount(d2 ^ w2)
        for p in range(min(_PIXELS, pixels - start)):
            for o in range(outputs):
                sums[start + p, o] = fan_in - 2 * counts[p, o]
    return sums.reshape(batch, height, width, outputs)


@_compiled
def add_rim(sums: Sums, taps: Sums, height: int, width: int, size: int, stride: int) -> None:
    margin = size // 2
    for n in range(sums.shape[0]):
        for i in range(sums.shape[1]):
            for j in range(sums.shape[2]):
                for u in range(size):
                    for v in range(size):
                        y, x = i * stride + u - margin, j * stride + v - margin
                        if y < 0 or y >= height or x < 0 or x >= width:
                            for o in range(sums.shape[3]):
                                sums[n, i, j, o] += taps[u, v, o]


@_compiled
def real_sums(x: Floats, weights: Floats, size: int, stride: int) -> Floats:
    batch, padded_height, padded_width, wide = x.shape
    height = (padded_height - size) // stride + 1
    width = (padded_width - size) // stride + 1
    depth, outputs = weights.shape
    pixels = batch * height * width
    rows = x.reshape(batch, padded_height, padded_width * wide)
    sums = np.empty((pixels, outputs), np.float32)
    patch = np.zeros((_PIXELS, depth), np.float32)
    parts = np.empty((_PIXELS, outputs), np.float32)
    for start in range(0, pixels, _PIXELS):
        for p in range(_PIXELS):
            _gather(patch, p, rows, min(start + p, pixels - 1), size, stride, wide)
            for o in range(outputs):
                parts[p, o] = 0
        for k in range(0, depth, _ROWS):
            a0, a1, a2 = patch[0, k], patch[0, k + 1], patch[0, k + 2]
            b0, b1, b2 = patch[1, k], patch[1, k + 1], patch[1, k + 2]
            c0, c1, c2 = patch[2, k], patch[2, k + 1], patch[2, k + 2]
            d0, d1, d2 = patch[3, k], patch[3, k + 1], patch[3, k + 2]
            for o in range(outputs):
                w0, w1, w2 = weights[k, o], weights[k + 1, o], weights[k + 2, o]
                parts[0, o] = _fused(a2, w2, _fused(a1, w1, _fused(a0, w0, parts[0, o])))
                parts[1, o] = _fused(b2, w2, _fused(b1, w1, _fused(b0, w0, parts[1, o])))
                parts[2, o] = _fused(c2, w2, _fused(c1, w1, _fused(c0, w0, parts[2, o])))
                parts[3, o] = _fused(d2, w2, _fused(d1, w1, _fused(d0, w0, parts[3, o])))
        for p in range(min(_PIXELS, pixels - start)):
            for o in range(outputs):
                sums[start + p, o] = parts[p, o]
    return sums.reshape(batch, height, width, outputs)


@_compiled
def max_pool(x: NDArray[Any]) -> NDArray[Any]:
    batch, height, width, depth = x.shape
    pooled = np.empty((batch, height // 2, width // 2, depth), x.dtype)
    for n in range(batch):
        for i in range(height // 2):
            for j in range(width // 2):
                for c in range(depth):
                    upper = max(x[n, 2 * i, 2 * j, c], x[n, 2 * i, 2 * j + 1, c])
                    lower = max(x[n, 2 * i + 1, 2 * j, c], x[n, 2 * i + 1, 2 * j + 1, c])
                    pooled[n, i, j, c] = max(upper, lower)
    return pooled


@_compiled
def cut(x: NDArray[Any], cuts: NDArray[Any], flips: Words) -> Words:
    batch, height, width, channels = x.shape
    rows, columns, _ = cuts.shape
    bits = np.empty((batch, height, width, flips.size), np.uint64)
    for n in range(batch):
        for i in range(height):
            a = i % rows
            for j in range(width):
                b = j % columns
                for q in range(flips.size):
                    word = np.uint64(0)
                    for c in range(min(64, channels - 64 * q)):
                        fires = x[n, i, j, 64 * q + c] >= cuts[a, b, 64 * q + c]
                        word |= np.uint64(fires) << np.uint64(c)
                    bits[n, i, j, q] = word ^ flips[q]
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
