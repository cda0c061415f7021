"""The routines of `design_core.engine.reference`, compiled by numba; same names, same results.

Serial and without the interpreter lock: whoever wants more threads calls from more threads. The
two inner loops are written in LLVM's own vectors (`_products`, `_fires`), which become
``vpopcntq`` and mask registers where the processor has them and AVX2 or NEON code elsewhere: eight
pixels share each load of a weight, and the sums of a tile stay in registers until they are whole.

Callers guarantee the shapes: nothing here checks bounds.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from design_core.compiling import compiled
from design_core.engine.bits import WORD, Words

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

# What numba and LLVM bring without types.
cgutils: Any = importlib.import_module("numba.core.cgutils")
ir: Any = importlib.import_module("llvmlite.ir")
make_array: Any = importlib.import_module("numba.np.arrayobj").make_array

#: Pixels per tile, a multiple of the four of a pooling window, and outputs per step.
_PIXELS = 8
_LANES = 16

#: Columns of `_windows`.
_I, _J, _START = 0, 1, 2


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


class _Matrix:
    """A C-contiguous array of two or more axes inside a routine under construction."""

    def __init__(self, context: Any, builder: Any, kind: Any, value: Any) -> None:
        array = make_array(kind)(context, builder, value)
        self._builder, self._data = builder, array.data
        self.shape = [builder.extract_value(array.shape, axis) for axis in range(kind.ndim)]

    def value(self, *indices: Any) -> Any:
        """The number at these indices."""
        return self._builder.load(self._place(indices))

    def vector(self, kind: Any, *indices: Any) -> Any:
        """The vector that begins there."""
        return self._builder.load(self._vector_place(kind, indices), align=4)

    def store(self, vector: Any, *indices: Any) -> None:
        """Write a vector there."""
        self._builder.store(vector, self._vector_place(vector.type, indices), align=4)

    def _place(self, indices: Sequence[Any]) -> Any:
        offset = indices[0]
        for length, index in zip(self.shape[1:], indices[1:], strict=True):
            offset = self._builder.add(self._builder.mul(offset, length), index)
        return self._builder.gep(self._data, [offset])

    def _vector_place(self, kind: Any, indices: Sequence[Any]) -> Any:
        return self._builder.bitcast(self._place(indices), kind.as_pointer())


def _same(builder: Any, value: Any) -> Any:
    """A vector of one value throughout."""
    vector = ir.VectorType(value.type, _LANES)
    nothing = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(nothing, value, ir.IntType(32)(0))
    return builder.shuffle_vector(first, nothing, ir.VectorType(ir.IntType(32), _LANES)(None))


@_intrinsic
def _products(
    _: Any,
    values: Any,
    n: Any,
    windows: Any,
    tile: Any,
    size: Any,
    span: Any,
    row: Any,
    weights: Any,
    first: Any,
    sums: Any,
) -> Any:
    """Products of a tile's windows with the outputs first … first + 15, summed up, into sums.

    Windows are `size` rows of `span` values of picture n of maps (N, H·row). Of words: how many
    bits differ, as int32. Of float32: a chain of fused steps.
    """
    arguments = (values, n, windows, tile, size, span, row, weights, first, sums)
    bits = isinstance(weights.dtype, types.Integer)

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        x, starts, w, y = (
            _Matrix(context, builder, signature.args[k], given[k]) for k in (0, 2, 7, 9)
        )
        picture, tile, size, span, row, first = (given[k] for k in (1, 3, 4, 5, 6, 8))
        index = first.type
        vector = ir.VectorType(ir.IntType(64) if bits else ir.FloatType(), _LANES)
        name, inputs = (f"llvm.ctpop.v{_LANES}i64", 1) if bits else (f"llvm.fma.v{_LANES}f32", 3)
        call = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(vector, [vector] * inputs), name
        )
        pixel = builder.mul(tile, index(_PIXELS))
        begins = [starts.value(builder.add(pixel, index(p)), index(_START)) for p in range(_PIXELS)]
        totals = [cgutils.alloca_once(builder, vector) for _ in range(_PIXELS)]
        for total in totals:
            builder.store(vector(None), total)
        with cgutils.for_range(builder, size) as rows, cgutils.for_range(builder, span) as columns:
            place = builder.add(builder.mul(rows.index, row), columns.index)
            k = builder.add(builder.mul(rows.index, span), columns.index)
            weight = w.vector(vector, k, first)
            for begin, total in zip(begins, totals, strict=True):
                value = _same(builder, x.value(picture, builder.add(begin, place)))
                so_far = builder.load(total)
                if bits:
                    differing = builder.call(call, [builder.xor(value, weight)])
                    builder.store(builder.add(so_far, differing), total)
                else:
                    builder.store(builder.call(call, [value, weight, so_far]), total)
        for p, total in enumerate(totals):
            whole = builder.load(total)
            if bits:
                whole = builder.trunc(whole, ir.VectorType(ir.IntType(32), _LANES))
            y.store(whole, index(p), first)
        return context.get_dummy_value()

    number = types.int64
    kinds = [number if isinstance(one, types.Integer) else one for one in arguments]
    return types.void(*kinds), code


@_intrinsic
def _fires(_: Any, sums: Any, _row: Any, cuts: Any, _cell: Any, _first: Any) -> Any:
    """64 compares ``sums[row, first + c] ≥ cuts[cell, first + c]`` as the bits c of a word."""
    whole = isinstance(sums.dtype, types.Integer)

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        left, right = (_Matrix(context, builder, signature.args[k], given[k]) for k in (0, 2))
        vector = ir.VectorType(ir.IntType(32) if whole else ir.FloatType(), WORD)
        x = left.vector(vector, given[1], given[4])
        cut = right.vector(vector, given[3], given[4])
        compare = builder.icmp_signed if whole else builder.fcmp_ordered
        return builder.bitcast(compare(">=", x, cut), ir.IntType(WORD))

    return types.uint64(sums, types.int64, cuts, types.int64, types.int64), code


@compiled
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


@compiled
def _windows(
    height: int, width: int, stride: int, row: int, wide: int, pool: bool
) -> NDArray[np.int64]:
    """Row, column and first value of the window of each pixel, in the order of tiles.

    Pixels come one after the other, or by pooling windows; the last pixel is repeated to fill the
    last tile. `row` and `wide` are values per row and per pixel of the padded map.
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
            windows[k, _I] = i
            windows[k, _J] = j
            windows[k, _START] = i * stride * row + j * stride * wide
            k += 1
    for rest in range(pixels, len(windows)):
        windows[rest] = windows[pixels - 1]
    return windows


@compiled
def _cells(height: int, width: int, rows: int, columns: int) -> NDArray[np.int64]:
    """The cell of a kernel of rows × columns that each pixel falls on, counted row by row."""
    cells = np.empty(height * width, np.int64)
    k = 0
    for i in range(height):
        first = i % rows * columns
        b = 0
        for _ in range(width):
            cells[k] = first + b
            b = b + 1 if b + 1 < columns else 0
            k += 1
    return cells


@compiled
def _dot_bits(
    values: Words,
    n: int,
    windows: NDArray[np.int64],
    tile: int,
    size: int,
    span: int,
    row: int,
    weights: Words,
    fan_in: int,
    sums: Sums,
) -> None:
    """Sums of ±1 products of the windows of a tile with all outputs; see `_products`."""
    outputs = weights.shape[1]
    whole = outputs // _LANES * _LANES
    for o in range(0, whole, _LANES):
        _products(values, n, windows, tile, size, span, row, weights, o, sums)
    for p in range(_PIXELS):
        start = windows[_PIXELS * tile + p, _START]
        for o in range(whole, outputs):
            differing = 0
            for u in range(size):
                for q in range(span):
                    value = values[n, start + u * row + q]
                    differing += _popcount(value ^ weights[u * span + q, o])
            sums[p, o] = differing
        for o in range(outputs):
            sums[p, o] = fan_in - 2 * sums[p, o]


@compiled
def _dot_real(
    values: Floats,
    n: int,
    windows: NDArray[np.int64],
    tile: int,
    size: int,
    span: int,
    row: int,
    weights: Floats,
    sums: Floats,
) -> None:
    """Sums of products of the windows of a tile with all outputs; see `_products`."""
    outputs = weights.shape[1]
    whole = outputs // _LANES * _LANES
    for o in range(0, whole, _LANES):
        _products(values, n, windows, tile, size, span, row, weights, o, sums)
    for p in range(_PIXELS):
        start = windows[_PIXELS * tile + p, _START]
        for o in range(whole, outputs):
            total = np.float32(0)
            for u in range(size):
                for q in range(span):
                    value = values[n, start + u * row + q]
                    total = _fused(value, weights[u * span + q, o], total)
            sums[p, o] = total


@compiled
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


@compiled
def _cut_pixel(
    bits: Words,
    pixel: int,
    sums: NDArray[Any],
    row: int,
    cuts: NDArray[Any],
    cell: int,
    flips: Words,
) -> None:
    """Cut sums[row] at the thresholds cuts[cell] into the words bits[pixel]."""
    channels = cuts.shape[1]
    for q in range(flips.size):
        first = WORD * q
        word = np.uint64(0)
        if first + WORD <= channels:
            word = _fires(sums, row, cuts, cell, first)
        else:
            for c in range(channels - first):
                word |= np.uint64(sums[row, first + c] >= cuts[cell, first + c]) << np.uint64(c)
        bits[pixel, q] = word ^ flips[q]


@compiled
def _cut_tile(
    bits: Words,
    n: int,
    sums: NDArray[Any],
    tile: int,
    pool: bool,
    cuts: NDArray[Any],
    cells: NDArray[np.int64],
    flips: Words,
) -> None:
    """Cut the sums of one tile of picture n into words (N·pixels, ⌈C/64⌉), pooled if asked."""
    pixels = cells.size
    step = 4 if pool else 1
    first = _PIXELS * tile // step
    for k in range(min(_PIXELS // step, pixels - first)):
        p = step * k
        if pool:
            for o in range(cuts.shape[1]):
                upper, lower = max(sums[p, o], sums[p + 1, o]), max(sums[p + 2, o], sums[p + 3, o])
                sums[p, o] = max(upper, lower)
        _cut_pixel(bits, n * pixels + first + k, sums, p, cuts, cells[first + k], flips)


@compiled
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
    sums = np.empty((_PIXELS, weights.shape[1]), np.int32)
    if pool:
        height, width = height // 2, width // 2
    rows, columns, channels = cuts.shape
    cells = _cells(height, width, rows, columns)
    by_cell = cuts.reshape(rows * columns, channels)
    bits = np.empty((batch * height * width, flips.size), np.uint64)
    for n in range(batch):
        for tile in range(len(windows) // _PIXELS):
            _dot_bits(values, n, windows, tile, size, size * wide, row, weights, fan_in, sums)
            if taps.size:
                for p in range(_PIXELS):
                    i, j = windows[_PIXELS * tile + p, _I], windows[_PIXELS * tile + p, _J]
                    _add_lacking(sums, p, i, j, taps, padded_height, padded_width, stride)
            _cut_tile(bits, n, sums, tile, pool, by_cell, cells, flips)
    return bits.reshape(batch, height, width, flips.size)


@compiled
def real_block(
    x: Floats, weights: Floats, size: int, stride: int, pool: bool, cuts: Floats, flips: Words
) -> Words:
    batch, padded_height, padded_width, wide = x.shape
    height = (padded_height - size) // stride + 1
    width = (padded_width - size) // stride + 1
    row = padded_width * wide
    windows = _windows(height, width, stride, row, wide, pool)
    values = x.reshape(batch, padded_height * row)
    sums = np.empty((_PIXELS, weights.shape[1]), np.float32)
    if pool:
        height, width = height // 2, width // 2
    rows, columns, channels = cuts.shape
    cells = _cells(height, width, rows, columns)
    by_cell = cuts.reshape(rows * columns, channels)
    bits = np.empty((batch * height * width, flips.size), np.uint64)
    for n in range(batch):
        for tile in range(len(windows) // _PIXELS):
            _dot_real(values, n, windows, tile, size, size * wide, row, weights, sums)
            _cut_tile(bits, n, sums, tile, pool, by_cell, cells, flips)
    return bits.reshape(batch, height, width, flips.size)


@compiled
def bit_sums(x: Words, weights: Words, taps: Sums, size: int, stride: int, fan_in: int) -> Sums:
    batch, padded_height, padded_width, wide = x.shape
    height = (padded_height - size) // stride + 1
    width = (padded_width - size) // stride + 1
    row, outputs = padded_width * wide, weights.shape[1]
    windows = _windows(height, width, stride, row, wide, False)
    values = x.reshape(batch, padded_height * row)
    sums = np.empty((_PIXELS, outputs), np.int32)
    given = np.empty((batch, height * width, outputs), np.int32)
    for n in range(batch):
        for tile in range(len(windows) // _PIXELS):
            start = _PIXELS * tile
            _dot_bits(values, n, windows, tile, size, size * wide, row, weights, fan_in, sums)
            for p in range(min(_PIXELS, height * width - start)):
                if taps.size:
                    i, j = windows[start + p, _I], windows[start + p, _J]
                    _add_lacking(sums, p, i, j, taps, padded_height, padded_width, stride)
                for o in range(outputs):
                    given[n, start + p, o] = sums[p, o]
    return given.reshape(batch, height, width, outputs)


@compiled
def real_sums(x: Floats, weights: Floats, size: int, stride: int) -> Floats:
    batch, padded_height, padded_width, wide = x.shape
    height = (padded_height - size) // stride + 1
    width = (padded_width - size) // stride + 1
    row, outputs = padded_width * wide, weights.shape[1]
    windows = _windows(height, width, stride, row, wide, False)
    values = x.reshape(batch, padded_height * row)
    sums = np.empty((_PIXELS, outputs), np.float32)
    given = np.empty((batch, height * width, outputs), np.float32)
    for n in range(batch):
        for tile in range(len(windows) // _PIXELS):
            start = _PIXELS * tile
            _dot_real(values, n, windows, tile, size, size * wide, row, weights, sums)
            for p in range(min(_PIXELS, height * width - start)):
                for o in range(outputs):
                    given[n, start + p, o] = sums[p, o]
    return given.reshape(batch, height, width, outputs)


@compiled
def cut(x: NDArray[Any], cuts: NDArray[Any], flips: Words) -> Words:
    batch, height, width, channels = x.shape
    rows, columns, _ = cuts.shape
    cells = _cells(height, width, rows, columns)
    by_cell = cuts.reshape(rows * columns, channels)
    pixels = x.reshape(batch * height * width, channels)
    bits = np.empty((batch * height * width, flips.size), np.uint64)
    for n in range(batch):
        for k in range(cells.size):
            pixel = n * cells.size + k
            _cut_pixel(bits, pixel, pixels, pixel, by_cell, cells[k], flips)
    return bits.reshape(batch, height, width, flips.size)


@compiled
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


@compiled
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
