"""The inner loops of packed networks, in LLVM's own vectors.

numba compiles what calls them (`design_core.engine.compiled`). Each works on a tile of four pixels
and up to 128 outputs, and keeps the tile's sums in registers until they are whole. Which method
counts the bits that differ depends on what the processor has:

- ``count``: XOR, population count, add, sixteen outputs at a time (AVX-512 VPOPCNTDQ).
- ``look-up``: weights lie as nibbles, one a byte; four channels of a pixel choose a row of sixteen
  counts, and one byte shuffle reads from it for as many outputs as a register has bytes. Counts add
  up in bytes, 63 times at most (AVX2, AVX-512BW).
- ``plain``: as ``count``, in whatever LLVM makes of it (SSE2, NEON).

What 512 products take, loads and loop apart. Bounds are those of Zen 5, four vector instructions a
cycle, two shuffles among them; reached is the slope between windows of 3×3 and 5×5 there, in groups
of 512 products a nanosecond, at 64 to 512 channels and as if it had these instructions only, on a
machine that had other work to do. The loop of ``count``, in C, reached 5.5 to 5.7 there.

=======================  =======================================  ==================  ===========
method                   instructions                             cycles, at least    reached
=======================  =======================================  ==================  ===========
``count``                3: XOR, count, add                       0.75                5.1 – 5.3
``look-up``, 64 bytes    4: shuffle, add, 256 products each       1                   1.7 – 2.2
``look-up``, 32 bytes    8: shuffle, add, 128 products each       2                   1.1 – 1.4
``plain``, SSE2          as LLVM counts bits without a shuffle    –                   0.1 – 0.2
=======================  =======================================  ==================  ===========
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numba.core import types
from numba.extending import intrinsic

__all__ = [
    "GROUPS",
    "METHOD",
    "NORM_LANES",
    "PIXELS",
    "REAL_GROUPS",
    "average",
    "cut_tile",
    "differing_bits",
    "fires",
    "fused",
    "norm_tile",
    "pool",
    "products",
    "signed_sum",
]

# What numba and LLVM bring without types.
cgutils: Any = importlib.import_module("numba.core.cgutils")
config: Any = importlib.import_module("numba.core.config")
ir: Any = importlib.import_module("llvmlite.ir")
llvm: Any = importlib.import_module("llvmlite.binding")
make_array: Any = importlib.import_module("numba.np.arrayobj").make_array

#: Pixels of a tile: those of a pooling window.
PIXELS = 4

#: Bits of a word of maps.
_WORD = 32


def _features() -> frozenset[str]:
    """What numba compiles for, as it decides itself."""
    named = config.CPU_FEATURES
    listed = llvm.get_host_cpu_features().flatten() if named is None else named
    return frozenset(part[1:] for part in listed.split(",") if part.startswith("+"))


_FEATURES = _features()

#: How differing bits are counted here.
METHOD = (
    "count"
    if "avx512vpopcntdq" in _FEATURES
    else "look-up"
    if {"avx2", "avx512bw"} & _FEATURES
    else "plain"
)

#: Bytes of the registers in use.
_REGISTER = 64 if {"avx512f", "avx512bw"} <= _FEATURES else 32

#: Outputs per step of `differing_bits`, widest first. Weights are padded to whole steps of 32; of a
#: step of 16 the other half is left out.
GROUPS = {
    "look-up": (2 * _REGISTER, 64, 32) if _REGISTER == 64 else (64, 32),
}.get(METHOD, (32, 16))

#: Outputs per step of `products`.
REAL_GROUPS = (32, 16)

#: Values at a time of `products`, and of ``count`` and ``plain``: four pixels of them fit the
#: registers.
_LANES = 32 if _REGISTER == 64 else 16

#: Channels at a time of `norm`.
NORM_LANES = 16

#: Words whose counts fit into a byte: 7 · 8 nibbles of 4 bits each.
_FOLD = 7


_BYTE, _INT, _SINGLE, _DOUBLE = ir.IntType(8), ir.IntType(32), ir.FloatType(), ir.DoubleType()


class _Array:
    """A one-dimensional array inside a routine under construction."""

    def __init__(self, context: Any, builder: Any, kind: Any, value: Any) -> None:
        array = make_array(kind)(context, builder, value)
        self._context, self._builder = context, builder
        self._data, self._length = array.data, array.nitems
        self._bytes = kind.dtype.bitwidth // 8
        self.kind = _INT if isinstance(kind.dtype, types.Integer) else _SINGLE

    def load(self, index: Any, kind: Any = None) -> Any:
        """The number at this index, or the vector that begins there."""
        return self._builder.load(self._place(index, kind), align=self._bytes)

    def store(self, value: Any, index: Any) -> None:
        """Write a number or a vector there."""
        self._builder.store(value, self._place(index, value.type), align=self._bytes)

    def load_bytes(self, index: Any, kind: Any) -> Any:
        """The vector of bytes that begins at byte `index`."""
        if config.BOUNDSCHECK:
            self._check(self._builder.udiv(index, index.type(self._bytes)), 1)
        start = self._builder.bitcast(self._data, ir.IntType(8).as_pointer())
        place = self._builder.gep(start, [index])
        return self._builder.load(self._builder.bitcast(place, kind.as_pointer()), align=1)

    def _place(self, index: Any, kind: Any) -> Any:
        if config.BOUNDSCHECK:
            self._check(index, getattr(kind, "count", 1))
        place = self._builder.gep(self._data, [index])
        return place if kind is None else self._builder.bitcast(place, kind.as_pointer())

    def _check(self, index: Any, count: int) -> None:
        end = self._builder.add(index, index.type(count))
        bad = self._builder.or_(
            self._builder.icmp_signed("<", index, index.type(0)),
            self._builder.icmp_signed(">", end, self._length),
        )
        with self._builder.if_then(bad, likely=False):
            self._context.call_conv.return_user_exc(
                self._builder, IndexError, ("a vector lies out of bounds",)
            )


def _vector(kind: Any, count: int) -> Any:
    return ir.VectorType(kind, count)


def _call(builder: Any, name: str, result: Any, *given: Any) -> Any:
    """One of LLVM's own functions."""
    kind = ir.FunctionType(result, [one.type for one in given])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), given)


def _spread(builder: Any, value: Any, count: int) -> Any:
    """A vector of one value throughout."""
    nothing = ir.Constant(_vector(value.type, count), ir.Undefined)
    first = builder.insert_element(nothing, value, _INT(0))
    return builder.shuffle_vector(first, nothing, _vector(_INT, count)(None))


def _intrinsic(function: Callable[..., Any]) -> Any:
    return intrinsic(function)


def _arrays(context: Any, builder: Any, signature: Any, given: Sequence[Any]) -> Iterator[Any]:
    """Arguments as numbers, or as `_Array`."""
    for kind, value in zip(signature.args, given, strict=True):
        array = isinstance(kind, types.Array)
        yield _Array(context, builder, kind, value) if array else value


def _signature(result: Any, *arguments: Any) -> Any:
    """Arrays as they come, all other arguments as int64."""
    kinds = [one if isinstance(one, types.Array) else types.int64 for one in arguments]
    return result(*kinds)


@_intrinsic
def fused(_: Any, _a: Any, _b: Any, _c: Any) -> Any:
    """a · b + c of float32, rounded once."""

    def code(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return builder.fma(*given)

    return types.float32(types.float32, types.float32, types.float32), code


@_intrinsic
def products(
    _: Any,
    values: Any,
    table: Any,
    starts: Any,
    offsets: Any,
    count: Any,
    weights: Any,
    first: Any,
    wide: Any,
    group: Any,
    sums: Any,
) -> Any:
    """Sums of float32 products of four windows with `group` outputs, one of `REAL_GROUPS`.

    Value k of a window that begins at `start` is ``values[start + table[offsets + k]]``; its
    products are added in the order of k, each by one fused step.

    Parameters
    ----------
    table, starts
        The windows begin at ``table[starts]`` … ``table[starts + 3]``.
    count
        Values of a window.
    weights, first, wide
        That of value k and output o is ``weights[first + k · wide + o]``.
    sums
        The 4 × `group` results.
    """
    arguments = (values, table, starts, offsets, count, weights, first, wide, group, sums)
    return _of_each_group(arguments, REAL_GROUPS, _multiply)


def _of_each_group(
    arguments: tuple[Any, ...], groups: Sequence[int], method: Callable[..., None]
) -> Any:
    """What an intrinsic gives numba: code for each size of a group, one of which runs."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        x, numbers, begin, steps, length, w, start, step, outputs, y = _arrays(
            context, builder, signature, given
        )
        for known in groups:
            with builder.if_then(builder.icmp_signed("==", outputs, outputs.type(known))):
                tile = _Tile(builder, x, numbers, begin, steps, length)
                method(builder, tile, w, start, step, known, y)
        return context.get_dummy_value()

    return _signature(types.void, *arguments), code


def _multiply(
    builder: Any, tile: _Tile, weights: _Array, first: Any, wide: Any, group: int, sums: _Array
) -> None:
    lanes = min(group, _LANES)
    vector = _vector(_SINGLE, lanes)
    name = f"llvm.fma.v{lanes}f32"

    def add(total: Any, value: Any, weight: Any) -> Any:
        return _call(builder, name, vector, _spread(builder, value, lanes), weight, total)

    for part in range(0, group, lanes):
        own = builder.add(first, first.type(part))
        for p, total in enumerate(tile.sums(vector, weights, own, wide, add)):
            sums.store(total, first.type(p * group + part))


class _Tile:
    """Four windows of words or values, see `products`."""

    def __init__(
        self, builder: Any, x: _Array, table: _Array, starts: Any, offsets: Any, count: Any
    ) -> None:
        self._builder, self._x, self._table, self._offsets = builder, x, table, offsets
        self.count = count
        self._begins = [
            builder.sext(table.load(builder.add(starts, starts.type(p))), starts.type)
            for p in range(PIXELS)
        ]

    def values(self, k: Any) -> list[Any]:
        """Value k of each window."""
        step = self._table.load(self._builder.add(self._offsets, k))
        ahead = self._builder.sext(step, k.type)
        return [self._x.load(self._builder.add(begin, ahead)) for begin in self._begins]

    def sums(
        self,
        vector: Any,
        weights: _Array,
        first: Any,
        wide: Any,
        add: Callable[[Any, Any, Any], Any],
    ) -> list[Any]:
        """Fold each window and its weights by ``add(total, value, vector of weights)``."""
        builder = self._builder
        totals = [cgutils.alloca_once(builder, vector) for _ in range(PIXELS)]
        for total in totals:
            builder.store(vector(None), total)
        with cgutils.for_range(builder, self.count) as loop:
            place = builder.add(builder.mul(loop.index, wide), first)
            weight = weights.load(place, vector)
            for total, value in zip(totals, self.values(loop.index), strict=True):
                builder.store(add(builder.load(total), value, weight), total)
        return [builder.load(total) for total in totals]


@_intrinsic
def differing_bits(
    _: Any,
    values: Any,
    table: Any,
    starts: Any,
    offsets: Any,
    count: Any,
    weights: Any,
    first: Any,
    wide: Any,
    group: Any,
    sums: Any,
) -> Any:
    """In how many bits four windows differ from the weights of `group` outputs, one of `GROUPS`.

    Windows as in `products`, of words.

    Parameters
    ----------
    weights, first, wide
        As in `products`, laid out for `METHOD` by `design_core.engine.program`: `first` counts
        words, or for ``look-up`` bytes.
    sums
        int32, the 4 × `group` results.
    """
    arguments = (values, table, starts, offsets, count, weights, first, wide, group, sums)
    return _of_each_group(arguments, GROUPS, _look_up if METHOD == "look-up" else _count)


def _count(
    builder: Any, tile: _Tile, weights: _Array, first: Any, wide: Any, group: int, sums: _Array
) -> None:
    lanes = min(group, _LANES)
    vector = _vector(_INT, lanes)
    name = f"llvm.ctpop.v{lanes}i32"

    def add(total: Any, value: Any, weight: Any) -> Any:
        differing = builder.xor(_spread(builder, value, lanes), weight)
        return builder.add(total, _call(builder, name, vector, differing))

    for part in range(0, group, lanes):
        own = builder.add(first, first.type(part))
        for p, total in enumerate(tile.sums(vector, weights, own, wide, add)):
            sums.store(total, first.type(p * group + part))


def _look_up(
    builder: Any, tile: _Tile, weights: _Array, first: Any, wide: Any, group: int, sums: _Array
) -> None:
    lanes = min(group, _REGISTER)
    parts = range(0, group, lanes)
    small, large = _vector(_BYTE, lanes), _vector(_INT, lanes)
    totals = [[cgutils.alloca_once(builder, large) for _ in parts] for _ in range(PIXELS)]
    counts = [[cgutils.alloca_once(builder, small) for _ in parts] for _ in range(PIXELS)]
    index = first.type
    _fill(builder, totals, large)
    blocks = builder.sdiv(builder.add(tile.count, index(_FOLD - 1)), index(_FOLD))
    with cgutils.for_range(builder, blocks) as block:
        _fill(builder, counts, small)
        begin = builder.mul(block.index, index(_FOLD))
        end = builder.add(begin, index(_FOLD))
        whole = builder.icmp_signed("<", end, tile.count)
        end = builder.select(whole, end, tile.count)
        with cgutils.for_range(builder, end, start=begin) as loop:
            words = tile.values(loop.index)
            row = builder.add(builder.mul(builder.mul(loop.index, index(8)), wide), first)
            for nibble in range(8):
                rows = [_row(builder, word, nibble, lanes) for word in words]
                for q, part in enumerate(parts):
                    weight = weights.load_bytes(builder.add(row, index(part)), small)
                    for p in range(PIXELS):
                        found = _shuffled(builder, rows[p], weight)
                        so_far = builder.load(counts[p][q])
                        builder.store(builder.add(so_far, found), counts[p][q])
                row = builder.add(row, wide)
        for p in range(PIXELS):
            for q in range(len(parts)):
                more = builder.zext(builder.load(counts[p][q]), large)
                builder.store(builder.add(builder.load(totals[p][q]), more), totals[p][q])
    for p in range(PIXELS):
        for q, part in enumerate(parts):
            sums.store(builder.load(totals[p][q]), index(p * group + part))


def _fill(builder: Any, places: Sequence[Sequence[Any]], vector: Any) -> None:
    for row in places:
        for place in row:
            builder.store(vector(None), place)


def _row(builder: Any, word: Any, nibble: int, lanes: int) -> Any:
    """The counts for this nibble of a word, in every 16 bytes of a register."""
    shifted = (
        builder.lshr(word, word.type(4 * nibble - 4)) if nibble else builder.shl(word, word.type(4))
    )
    at = builder.zext(builder.and_(shifted, word.type(0xF0)), ir.IntType(64))
    sixteen = _vector(_BYTE, 16)
    place = builder.gep(_counts(builder.module), [_INT(0), at])
    row = builder.load(builder.bitcast(place, sixteen.as_pointer()), align=16)
    mask = ir.Constant(_vector(_INT, lanes), [k % 16 for k in range(lanes)])
    return builder.shuffle_vector(row, ir.Constant(sixteen, ir.Undefined), mask)


def _counts(module: Any) -> Any:
    """In how many bits a and b differ, at 16 a + b, in the module."""
    name = "design_differing_bits_of_nibbles"
    if name in module.globals:
        return module.globals[name]
    kind = ir.ArrayType(_BYTE, 256)
    table = ir.GlobalVariable(module, kind, name)
    table.linkage, table.global_constant, table.align = "internal", True, 64
    nibbles = np.arange(16)
    differing = np.bitwise_count(nibbles[:, None] ^ nibbles)
    table.initializer = ir.Constant(kind, differing.ravel().tolist())
    return table


def _shuffled(builder: Any, rows: Any, indices: Any) -> Any:
    """Byte k of the result is byte indices[k] of the row that k lies in."""
    name = {64: "llvm.x86.avx512.pshuf.b.512", 32: "llvm.x86.avx2.pshuf.b"}[rows.type.count]
    return _call(builder, name, rows.type, rows, indices)


@_intrinsic
def fires(_: Any, values: Any, _at: Any, cuts: Any, _cut: Any) -> Any:
    """32 compares as the bits of a word: ``values[at + c] ≤ cuts[cut + c]`` of whole numbers.

    Of float32 ``≥`` instead: differing bits fire where they are few, sums where they are large.
    """

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return _fires(builder, *_arrays(context, builder, signature, given))

    return _signature(types.uint32, values, types.int64, cuts, types.int64), code


def _fires(builder: Any, values: _Array, at: Any, cuts: _Array, cut: Any) -> Any:
    vector = _vector(values.kind, _WORD)
    x, limit = values.load(at, vector), cuts.load(cut, vector)
    if values.kind is _INT:
        bits = builder.icmp_signed("<=", x, limit)
    else:
        bits = builder.fcmp_ordered(">=", x, limit)
    return builder.bitcast(bits, _INT)


@_intrinsic
def cut_tile(
    _: Any,
    sums: Any,
    at: Any,
    group: Any,
    count: Any,
    table: Any,
    pixels: Any,
    cells: Any,
    cuts: Any,
    first: Any,
    wide: Any,
    flip: Any,
    bits: Any,
    word: Any,
    depth: Any,
) -> Any:
    """Cut 32 sums of each of the first `count` pixels of a tile into a word, see `fires`.

    Parameters
    ----------
    sums, at, group
        Those of pixel p from ``at + p · group`` on.
    table, pixels, cells
        Pixel p is ``table[pixels + p]`` of the map, and falls on cell ``table[cells + p]``.
    cuts, first, wide
        Thresholds of cell c from ``first + c · wide`` on.
    flip
        Bits to invert.
    bits, word, depth
        The word of pixel k is ``bits[k · depth + word]``.
    """
    scalars = (pixels, cells, cuts, first, wide, flip, bits, word, depth)
    arguments = (sums, at, group, count, table, *scalars)

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        (
            values,
            row,
            step,
            pixels,
            numbers,
            place,
            cell,
            limits,
            start,
            across,
            inverse,
            out,
            q,
            d,
        ) = _arrays(context, builder, signature, given)
        inverse = builder.trunc(inverse, _INT)
        for p in range(PIXELS):
            with builder.if_then(builder.icmp_signed("<", pixels.type(p), pixels)):
                own = builder.add(row, builder.mul(step, step.type(p)))
                pixel, at_cell = (
                    builder.sext(numbers.load(builder.add(one, one.type(p))), one.type)
                    for one in (place, cell)
                )
                limit = builder.add(start, builder.mul(at_cell, across))
                found = builder.xor(_fires(builder, values, own, limits, limit), inverse)
                out.store(found, builder.add(builder.mul(pixel, d), q))
        return context.get_dummy_value()

    return _signature(types.void, *arguments), code


@_intrinsic
def pool(_: Any, sums: Any, at: Any, group: Any) -> Any:
    """The best of four rows of 32 values, at, at + group, …, into the first: see `fires`.

    The fewest bits that differ, or the largest sums.
    """
    whole = isinstance(sums.dtype, types.Integer)

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        values, first, step = _arrays(context, builder, signature, given)
        vector = _vector(_INT if whole else _SINGLE, _WORD)
        place, best = first, values.load(first, vector)
        for _ in range(PIXELS - 1):
            place = builder.add(place, step)
            other = values.load(place, vector)
            if whole:
                better = builder.icmp_signed("<", other, best)
            else:
                better = builder.fcmp_ordered(">", other, best)
            best = builder.select(better, other, best)
        values.store(best, first)
        return context.get_dummy_value()

    return _signature(types.void, sums, at, group), code


@_intrinsic
def norm_tile(
    _: Any,
    sums: Any,
    at: Any,
    group: Any,
    fan_in: Any,
    each: Any,
    count: Any,
    table: Any,
    pixels: Any,
    norms: Any,
    first: Any,
    wide: Any,
    carried: Any,
    adds: Any,
    y: Any,
    channel: Any,
    channels: Any,
) -> Any:
    """``y = (sum · scale) · slope + offset + carried``, for the first `count` pixels of a tile.

    `NORM_LANES` channels at a time, 32 at most; what is left of `channels` beyond whole steps is
    left out.

    Parameters
    ----------
    sums, at, group
        Those of pixel p from ``at + p · group`` on.
    fan_in, each
        Of whole numbers, sums are ``fan_in − each · number``.
    table, pixels
        Pixel p is ``table[pixels + p]`` of the map.
    norms, first, wide
        Scales from `first` on, slopes `wide` behind them, offsets behind those.
    carried, adds
        Maps like y, added where `adds` is not 0.
    y, channel, channels
        Real maps of so many channels; those from `channel` on are written.
    """
    scalars = (table, pixels, norms, first, wide, carried, adds, y, channel, channels)
    arguments = (sums, at, group, fan_in, each, count, *scalars)

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        values, row, step, most, less, pixels, numbers, place, table, start, across = (
            given_arrays := list(_arrays(context, builder, signature, given))
        )[:11]
        more, asked, out, begin, depth = given_arrays[11:]
        vector = _vector(_SINGLE, NORM_LANES)
        most, less = (_spread(builder, builder.trunc(n, _INT), NORM_LANES) for n in (most, less))
        rest = builder.sub(depth, begin)
        for part in range(0, _WORD, NORM_LANES):
            whole = builder.icmp_signed("<=", rest.type(part + NORM_LANES), rest)
            with builder.if_then(whole):
                at_norm = builder.add(start, start.type(part))
                scale, slope, offset = (
                    table.load(builder.add(at_norm, builder.mul(across, across.type(k))), vector)
                    for k in range(3)
                )
                for p in range(PIXELS):
                    with builder.if_then(builder.icmp_signed("<", pixels.type(p), pixels)):
                        own = builder.add(row, builder.mul(step, step.type(p)))
                        own = builder.add(own, own.type(part))
                        total = values.load(own, _vector(values.kind, NORM_LANES))
                        if values.kind is _INT:
                            total = builder.sub(most, builder.mul(less, total))
                            total = builder.sitofp(total, vector)
                        pixel = numbers.load(builder.add(place, place.type(p)))
                        target = builder.mul(builder.sext(pixel, begin.type), depth)
                        target = builder.add(target, builder.add(begin, begin.type(part)))
                        scaled = builder.fmul(total, scale)
                        name = f"llvm.fma.v{NORM_LANES}f32"
                        normed = _call(builder, name, vector, scaled, slope, offset)
                        written = cgutils.alloca_once_value(builder, normed)
                        with builder.if_then(builder.icmp_signed("!=", asked, asked.type(0))):
                            sum_of_both = builder.fadd(normed, more.load(target, vector))
                            builder.store(sum_of_both, written)
                        out.store(builder.load(written), target)
        return context.get_dummy_value()

    return _signature(types.void, *arguments), code


@_intrinsic
def average(
    _: Any, x: Any, at: Any, rows: Any, row: Any, columns: Any, pixel: Any, y: Any, to: Any
) -> Any:
    """Means of `NORM_LANES` channels over rows × columns pixels, added row by row.

    Rows lie `row` values apart, pixels `pixel` values.
    """
    arguments = (x, at, rows, row, columns, pixel, y, to)

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        values, first, tall, down, broad, right, out, end = _arrays(
            context, builder, signature, given
        )
        vector = _vector(_SINGLE, NORM_LANES)
        total = cgutils.alloca_once(builder, vector)
        builder.store(vector(None), total)
        with cgutils.for_range(builder, tall) as u, cgutils.for_range(builder, broad) as v:
            place = builder.add(first, builder.mul(u.index, down))
            place = builder.add(place, builder.mul(v.index, right))
            more = values.load(place, vector)
            builder.store(builder.fadd(builder.load(total), more), total)
        count = builder.sitofp(builder.mul(tall, broad), _SINGLE)
        mean = builder.fdiv(builder.load(total), _spread(builder, count, NORM_LANES))
        out.store(mean, end)
        return context.get_dummy_value()

    return _signature(types.void, *arguments), code


@_intrinsic
def signed_sum(_: Any, words: Any, count: Any, weights: Any, at: Any) -> Any:
    """Σ ±weights[at + b] over the bits b of `count` words, in float64, in a fixed order."""
    arguments = (words, count, weights, at)

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        x, length, w, first = _arrays(context, builder, signature, given)
        singles, doubles = _vector(_SINGLE, _WORD), _vector(_DOUBLE, _WORD)
        total = cgutils.alloca_once(builder, doubles)
        builder.store(doubles(None), total)
        with cgutils.for_range(builder, length) as loop:
            bits = builder.bitcast(x.load(loop.index), _vector(ir.IntType(1), _WORD))
            place = builder.add(first, builder.mul(loop.index, first.type(_WORD)))
            weight = w.load(place, singles)
            signed = builder.select(bits, weight, builder.fneg(weight))
            more = builder.fadd(builder.load(total), builder.fpext(signed, doubles))
            builder.store(more, total)
        return _total(builder, builder.load(total))

    return _signature(types.float64, *arguments), code


def _total(builder: Any, vector: Any) -> Any:
    """The sum of a vector, halves added to halves."""
    while vector.type.count > 1:
        half = vector.type.count // 2
        halves = (
            builder.shuffle_vector(
                vector,
                ir.Constant(vector.type, ir.Undefined),
                ir.Constant(_vector(_INT, half), list(range(start, start + half))),
            )
            for start in (0, half)
        )
        vector = builder.fadd(*halves)
    return builder.extract_element(vector, _INT(0))
