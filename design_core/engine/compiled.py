"""Programs of packed layers, run by numba: same results as `design_core.engine.reference`.

One call runs a whole network on a whole batch, picture by picture, serially and without the
interpreter lock: whoever wants more threads calls from more threads. Callers guarantee the shapes:
nothing here checks bounds, unless numba is told to (``NUMBA_BOUNDSCHECK=1``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from design_core.compiling import compiled
from design_core.engine.bits import WORD, Words, word_count
from design_core.engine.layers import Layer, Maps
from design_core.engine.program import Buffer, Do, Of, assemble
from design_core.engine.vectors import (
    GROUPS,
    PIXELS,
    differing_bits,
    fires,
    fused,
    products,
    signed_sum,
)

__all__ = ["program"]

Array = NDArray[Any]
Floats = NDArray[np.float32]
Counts = NDArray[np.int32]
Step = NDArray[np.int64]
Function = TypeVar("Function", bound=Callable[..., Any])

_WIDEST = max(GROUPS)


def _inner(function: Function) -> Function:
    """Compile as a part of `_run`."""
    compiler: Any = njit
    made: Function = compiler(nogil=True)(function)
    return made


def program(
    layers: Sequence[Layer], maps: Maps, *, planar: bool = False
) -> Callable[[Array], Array]:
    """See `design_core.engine.backend.Backend`."""
    made = assemble(layers, maps, planar=planar)
    kind = np.uint32 if maps.kind == "bits" else np.float32
    depth = word_count(made.gives.channels) if made.gives.kind == "bits" else made.gives.channels
    shape = (made.gives.height, made.gives.width, depth)
    values = shape[0] * shape[1] * depth
    steps, store = made.steps, made.store

    def run(x: Array) -> Array:
        given = np.ascontiguousarray(x, dtype=kind).reshape(len(x), -1)
        y = np.empty((len(x), values), np.uint32)
        _run(given.view(np.uint32), y, steps, store)
        words = y.reshape(len(x), *shape)
        if made.gives.kind == "bits":
            return words
        real = words.view(np.float32)
        return real if made.gives.kind == "real" else real.astype(np.int32)

    return run


@compiled
def _run(x: Words, y: Words, steps: Step, store: Words) -> None:
    lengths = steps[0]
    bits = np.empty(lengths[Buffer.BITS], np.uint32)
    real = np.empty((2, lengths[Buffer.REAL]), np.float32)
    padded = np.empty(lengths[Buffer.PADDED], np.uint32)
    planes = np.empty(lengths[Buffer.PLANES], np.uint32)
    for n in range(len(x)):
        side = 0
        for k in range(1, len(steps)):
            step = steps[k]
            here, there = real[side], real[1 - side]
            kind = step[Of.OP]
            if kind == Do.BIT_CONV:
                _widen(bits, step, store, padded)
                _bit_conv(step, store, padded, planes, bits, here, there)
                side = side if step[Of.BLOCK] else 1 - side
            elif kind == Do.REAL_CONV:
                _widen(here.view(np.uint32), step, store, padded)
                _real_conv(step, store, padded.view(np.float32), bits, there)
                side = side if step[Of.BLOCK] else 1 - side
            elif kind == Do.CUT:
                _cut(here, step, store, bits)
            elif kind == Do.SHORTCUT:
                _average(here, step, there)
            elif kind == Do.SCALE_SHIFT:
                _scale_shift(here, step, store)
            elif kind == Do.READ_PICTURE:
                _read_picture(x[n].view(np.float32), step, here)
            elif kind == Do.READ_REAL:
                _copy(x[n].view(np.float32), here, step[Of.VALUES])
            elif kind == Do.READ_BITS:
                _copy(x[n], bits, step[Of.VALUES])
            elif kind == Do.WRITE_REAL:
                _copy(here, y[n].view(np.float32), step[Of.VALUES])
            elif kind == Do.WRITE_BITS:
                _copy(bits, y[n], step[Of.VALUES])
            elif kind == Do.DENSE:
                _dense(bits, step, store, here)
            elif kind == Do.MEAN:
                _mean(here, step)
            elif kind == Do.REPEAT:
                _repeat(here, step, there)
                side = 1 - side


@_inner
def _copy(x: Array, y: Array, count: int) -> None:
    for k in range(count):
        y[k] = x[k]


@_inner
def _read_picture(x: Floats, step: Step, y: Floats) -> None:
    """Channels first to channels last."""
    channels = step[Of.CHANNELS]
    pixels = step[Of.VALUES] // channels
    for c in range(channels):
        for k in range(pixels):
            y[k * channels + c] = x[c * pixels + k]


@_inner
def _widen(x: Words, step: Step, store: Words, y: Words) -> None:
    """Maps with `MARGIN` pixels more on each side: fill, or each the nearest pixel."""
    height, width, depth, margin = step[Of.HEIGHT], step[Of.WIDTH], step[Of.DEPTH], step[Of.MARGIN]
    fill = store[step[Of.FILL_AT] : step[Of.FILL_AT] + depth]
    replicate = step[Of.REPLICATE]
    at = 0
    for i in range(-margin, height + margin):
        inside = replicate or 0 <= i < height
        row = min(max(i, 0), height - 1) * width * depth
        for _ in range(margin):
            for c in range(depth):
                y[at] = x[row + c] if replicate else fill[c]
                at += 1
        if inside:
            for k in range(width * depth):
                y[at + k] = x[row + k]
        else:
            for j in range(width):
                for c in range(depth):
                    y[at + j * depth + c] = fill[c]
        at += width * depth
        for _ in range(margin):
            for c in range(depth):
                y[at] = x[row + (width - 1) * depth + c] if replicate else fill[c]
                at += 1


@_inner
def _gather(x: Words, step: Step, planes: Words) -> None:
    """Plane k: of the window that begins at each pixel, `PER_WORD` pixels from pixel k on, packed.

    Windows beyond the right or lower end hold anything; no sum begins there.
    """
    size, per_word, channels = step[Of.SIZE], step[Of.PER_WORD], step[Of.CHANNELS]
    width = step[Of.WIDTH] + 2 * step[Of.MARGIN]
    area = width * (step[Of.HEIGHT] + 2 * step[Of.MARGIN])
    for tap in range(size * size):
        start = tap // per_word * area
        shift = np.uint32(tap % per_word * channels)
        ahead = tap // size * width + tap % size
        if shift == 0:
            for k in range(area - ahead):
                planes[start + k] = x[ahead + k]
        else:
            for k in range(area - ahead):
                planes[start + k] |= x[ahead + k] << shift


@_inner
def _bit_conv(
    step: Step,
    store: Words,
    padded: Words,
    planes: Words,
    bits: Words,
    here: Floats,
    there: Floats,
) -> None:
    values = padded
    if step[Of.PER_WORD]:
        _gather(padded, step, planes)
        values = planes
    tiles, wide = PIXELS * step[Of.TILES], step[Of.WIDE]
    table = store[step[Of.TILES_AT] : step[Of.TILES_AT] + 4 * tiles].view(np.int32)
    offsets = store[step[Of.OFFSETS_AT] : step[Of.OFFSETS_AT] + step[Of.VALUES]].view(np.int32)
    weights = store[step[Of.WEIGHTS_AT] :]
    cuts = store[step[Of.CUTS_AT] :].view(np.int32)
    counts = np.empty(PIXELS * _WIDEST, np.int32)
    sums = np.empty(PIXELS * WORD, np.float32)
    carried = here if step[Of.CARRIED] == 1 else there
    first = 0
    while first < wide:
        group = WORD
        for candidate in GROUPS:
            if first + candidate <= wide:
                group = max(group, candidate)
        for at in range(0, tiles, PIXELS):
            differing_bits(values, table, at, offsets, weights, wide, first, group, counts)
            for part in range(0, group, WORD):
                outputs = first + part
                if step[Of.LACKING_AT]:
                    _make_up(counts, group, part, table, at, outputs, step, store)
                if not step[Of.BLOCK]:
                    _sum_up(counts, group, part, step, sums)
                    _norm(sums, table, at, outputs, step, store, carried, there)
                    continue
                if step[Of.POOL]:
                    for c in range(part, part + WORD):
                        upper = min(counts[c], counts[group + c])
                        lower = min(counts[2 * group + c], counts[3 * group + c])
                        counts[c] = min(upper, lower)
                _cut_tile(counts, group, part, table, at, outputs, step, store, cuts, bits)
        first += group


@_inner
def _make_up(
    counts: Counts,
    group: int,
    part: int,
    table: Counts,
    at: int,
    outputs: int,
    step: Step,
    store: Words,
) -> None:
    """Twice the bits that differ, less what a border of zeros lacks."""
    lacking = store[step[Of.LACKING_AT] - 1 :].view(np.int32)
    tiles, wide = PIXELS * step[Of.TILES], step[Of.WIDE]
    for p in range(PIXELS):
        row = table[3 * tiles + at + p] * wide + outputs
        here = p * group + part
        for c in range(WORD):
            counts[here + c] = 2 * counts[here + c] - lacking[row + c]


@_inner
def _sum_up(counts: Counts, group: int, part: int, step: Step, sums: Floats) -> None:
    """Sums of ±1 products from the bits that differ, or from what `_make_up` made of them."""
    fan_in, each = np.int32(step[Of.FAN_IN]), np.int32(1 if step[Of.LACKING_AT] else 2)
    for p in range(PIXELS):
        for c in range(WORD):
            sums[p * WORD + c] = np.float32(fan_in - each * counts[p * group + part + c])


@_inner
def _cut_tile(
    sums: Array,
    group: int,
    part: int,
    table: Counts,
    at: int,
    outputs: int,
    step: Step,
    store: Words,
    cuts: Array,
    bits: Words,
) -> None:
    """A word of bits for each pixel of a tile, or for the one that they were pooled to."""
    tiles, wide = PIXELS * step[Of.TILES], step[Of.WIDE]
    word = outputs // WORD
    flip = store[step[Of.FLIPS_AT] + word]
    for p in range(1 if step[Of.POOL] else PIXELS):
        pixel, cell = table[tiles + at + p], table[2 * tiles + at + p]
        found = fires(sums, p * group + part, cuts, cell * wide + outputs)
        bits[pixel * (wide // WORD) + word] = found ^ flip


@_inner
def _norm(
    sums: Floats,
    table: Counts,
    at: int,
    outputs: int,
    step: Step,
    store: Words,
    carried: Floats,
    y: Floats,
) -> None:
    """``(sum · scale) · slope + offset``, plus what a shortcut carries, of a tile's pixels."""
    tiles, wide, channels = PIXELS * step[Of.TILES], step[Of.WIDE], step[Of.OUTPUTS]
    norms = store[step[Of.NORM_AT] :].view(np.float32)
    slope, offset = wide + outputs, 2 * wide + outputs
    count = min(WORD, channels - outputs)
    for p in range(PIXELS):
        pixel = table[tiles + at + p]
        if p > 0 and pixel == table[tiles + at + p - 1]:
            break  # the last pixel, repeated to fill the tile
        row = p * WORD
        for c in range(WORD):
            scaled = sums[row + c] * norms[outputs + c]
            sums[row + c] = fused(scaled, norms[slope + c], norms[offset + c])
        start = pixel * channels + outputs
        if step[Of.CARRIED]:
            for c in range(count):
                y[start + c] = sums[row + c] + carried[start + c]
        else:
            for c in range(count):
                y[start + c] = sums[row + c]


@_inner
def _real_conv(step: Step, store: Words, values: Floats, bits: Words, there: Floats) -> None:
    tiles, wide = PIXELS * step[Of.TILES], step[Of.WIDE]
    table = store[step[Of.TILES_AT] : step[Of.TILES_AT] + 4 * tiles].view(np.int32)
    offsets = store[step[Of.OFFSETS_AT] : step[Of.OFFSETS_AT] + step[Of.VALUES]].view(np.int32)
    weights = store[step[Of.WEIGHTS_AT] :].view(np.float32)
    cuts = store[step[Of.CUTS_AT] :].view(np.float32)
    sums = np.empty(PIXELS * WORD, np.float32)
    for outputs in range(0, wide, WORD):
        for at in range(0, tiles, PIXELS):
            products(values, table, at, offsets, weights, wide, outputs, sums)
            if not step[Of.BLOCK]:
                _norm(sums, table, at, outputs, step, store, there, there)
                continue
            if step[Of.POOL]:
                for c in range(WORD):
                    upper = max(sums[c], sums[WORD + c])
                    sums[c] = max(upper, max(sums[2 * WORD + c], sums[3 * WORD + c]))
            _cut_tile(sums, WORD, 0, table, at, outputs, step, store, cuts, bits)


@_inner
def _cut(x: Floats, step: Step, store: Words, bits: Words) -> None:
    """Real maps to bits."""
    height, width, channels, depth = (
        step[Of.HEIGHT],
        step[Of.WIDTH],
        step[Of.CHANNELS],
        step[Of.DEPTH],
    )
    rows, columns = step[Of.ROWS], step[Of.COLUMNS]
    cuts = store[step[Of.CUTS_AT] :].view(np.float32)
    flips = store[step[Of.FLIPS_AT] : step[Of.FLIPS_AT] + depth]
    pixel = 0
    for i in range(height):
        first = i % rows * columns
        column = 0
        for _ in range(width):
            for q in range(depth):
                cell = (first + column) * depth + q
                found = fires(x, pixel * channels + WORD * q, cuts, WORD * cell)
                bits[pixel * depth + q] = found ^ flips[q]
            pixel += 1
            column = column + 1 if column + 1 < columns else 0


@_inner
def _average(x: Floats, step: Step, y: Floats) -> None:
    """Means of stride × stride pixels, of those that there are; channels beyond are 0."""
    height, width, stride = step[Of.HEIGHT], step[Of.WIDTH], step[Of.STRIDE]
    channels, outputs = step[Of.CHANNELS], step[Of.OUTPUTS]
    at = 0
    for i in range(0, height, stride):
        for j in range(0, width, stride):
            for c in range(outputs):
                y[at + c] = 0
            below, right = min(i + stride, height), min(j + stride, width)
            for u in range(i, below):
                for v in range(j, right):
                    for c in range(channels):
                        y[at + c] += x[(u * width + v) * channels + c]
            count = np.float32((below - i) * (right - j))
            for c in range(channels):
                y[at + c] /= count
            at += outputs


@_inner
def _scale_shift(x: Floats, step: Step, store: Words) -> None:
    channels, wide = step[Of.CHANNELS], step[Of.WIDE]
    norms = store[step[Of.NORM_AT] :].view(np.float32)
    for k in range(step[Of.VALUES]):
        for c in range(channels):
            scaled = x[k * channels + c] * norms[c]
            x[k * channels + c] = fused(scaled, norms[wide + c], norms[2 * wide + c])


@_inner
def _repeat(x: Floats, step: Step, y: Floats) -> None:
    copies = step[Of.SIZE]
    for k in range(step[Of.VALUES]):
        for copy in range(copies):
            y[k * copies + copy] = x[k]


@_inner
def _mean(x: Floats, step: Step) -> None:
    """Means over all pixels, in float64, to the first pixel."""
    channels, pixels = step[Of.CHANNELS], step[Of.VALUES]
    totals = np.zeros(channels, np.float64)
    for k in range(pixels):
        for c in range(channels):
            totals[c] += x[k * channels + c]
    for c in range(channels):
        x[c] = np.float32(totals[c] / pixels)


@_inner
def _dense(bits: Words, step: Step, store: Words, y: Floats) -> None:
    weights = store[step[Of.WEIGHTS_AT] :].view(np.float32)
    for o in range(step[Of.OUTPUTS]):
        y[o] = signed_sum(bits, step[Of.VALUES], weights, o * step[Of.VALUES] * WORD)
