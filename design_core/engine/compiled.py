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

from design_core.compiling import compiled, told
from design_core.engine.bits import WORD, Words, word_count
from design_core.engine.layers import Layer, Maps
from design_core.engine.program import Buffer, Do, Of, assemble
from design_core.engine.vectors import (
    GROUPS,
    METHOD,
    NORM_LANES,
    PIXELS,
    REAL_GROUPS,
    average,
    cut_tile,
    differing_bits,
    fires,
    fused,
    norm_tile,
    pool,
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

#: Places of weights in a word of the store.
_WEIGHT_UNITS = 4 if METHOD == "look-up" else 1


def _inner(function: Function) -> Function:
    """Compile as a part of `_run`."""
    compiler: Any = njit
    made: Function = compiler(nogil=True)(function)
    return made


def program(
    layers: Sequence[Layer], maps: Maps, *, planar: bool = False
) -> Callable[[Array], Array]:
    """See `design_core.engine.backend.Backend`."""
    _compile()
    made = assemble(layers, maps, planar=planar)
    kind = np.uint32 if maps.kind == "bits" else np.float32
    depth = word_count(made.gives.channels) if made.gives.kind == "bits" else made.gives.channels
    shape = (made.gives.height, made.gives.width, depth)
    values = shape[0] * shape[1] * depth
    steps, store = made.steps, made.store

    def run(x: Array) -> Array:
        given = np.ascontiguousarray(x, dtype=kind).reshape(len(x), -1)
        if not given.flags.writeable:  # numba would compile everything anew for such an array
            given = given.copy()
        y = np.empty((len(x), values), np.uint32)
        _run(given.view(np.uint32), y, steps, store)
        words = y.reshape(len(x), *shape)
        if made.gives.kind == "bits":
            return words
        real = words.view(np.float32)
        return real if made.gives.kind == "real" else real.astype(np.int32)

    return run


def _compile() -> None:
    """Compile now, or read from the cache, so that the wait is here and can be told."""
    dispatcher: Any = _run
    if not dispatcher.signatures:
        nothing, no_steps = np.empty((0, 0), np.uint32), np.zeros((1, len(Of)), np.int64)
        with told("the 1-bit engine"):
            _run(nothing, nothing, no_steps, np.empty(0, np.uint32))


@compiled
def _run(x: Words, y: Words, steps: Step, store: Words) -> None:
    whole, numbers = store.view(np.int32), store.view(np.float32)
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
                _bit_conv(step, store, whole, numbers, padded, planes, bits, here, there)
                side = side if step[Of.BLOCK] else 1 - side
            elif kind == Do.REAL_CONV:
                _widen(here.view(np.uint32), step, store, padded)
                _real_conv(step, store, whole, numbers, padded.view(np.float32), bits, there)
                side = side if step[Of.BLOCK] else 1 - side
            elif kind == Do.CUT:
                _cut(here, step, store, numbers, bits)
            elif kind == Do.SHORTCUT:
                _average(here, step, there)
            elif kind == Do.SCALE_SHIFT:
                _scale_shift(here, step, numbers)
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
                _dense(bits, step, numbers, here)
            elif kind == Do.MEAN:
                _mean(here, step)
            elif kind == Do.REPEAT:
                _repeat(here, step, there)
                side = 1 - side
            elif kind == Do.ENLARGE:
                _copy(bits, padded, step[Of.VALUES])
                _enlarge(padded, step, bits)
            elif kind == Do.SIGNS:
                _signs(bits, step, here)
            elif kind == Do.ENLARGE_BILINEAR:
                _enlarge_bilinear(here, step, there)
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
    fill = step[Of.FILL_AT]
    replicate = step[Of.REPLICATE]
    at = 0
    for i in range(-margin, height + margin):
        inside = replicate or 0 <= i < height
        row = min(max(i, 0), height - 1) * width * depth
        for _ in range(margin):
            for c in range(depth):
                y[at] = x[row + c] if replicate else store[fill + c]
                at += 1
        if inside:
            given, made = x[row : row + width * depth], y[at : at + width * depth]
            for k in range(width * depth):
                made[k] = given[k]
        else:
            for j in range(width):
                for c in range(depth):
                    y[at + j * depth + c] = store[fill + c]
        at += width * depth
        for _ in range(margin):
            for c in range(depth):
                y[at] = x[row + (width - 1) * depth + c] if replicate else store[fill + c]
                at += 1


@_inner
def _gather(x: Words, step: Step, whole: Counts, planes: Words) -> None:
    """Words that hold several pixels of a window each: of every pixel those that lie ahead of it.

    Words of windows beyond the right or lower end hold anything; no sum begins there.
    """
    area = (step[Of.WIDTH] + 2 * step[Of.MARGIN]) * (step[Of.HEIGHT] + 2 * step[Of.MARGIN])
    for p in range(step[Of.PASSES]):
        at = step[Of.PASSES_AT] + 3 * p
        plane, ahead, shift = whole[at], whole[at + 1], np.uint32(whole[at + 2])
        # Views whose indices cannot be negative: such loops run in vectors.
        given, made = x[ahead:area], planes[plane : plane + area - ahead]
        if shift == 0:
            for k in range(area - ahead):
                made[k] = given[k]
        else:
            for k in range(area - ahead):
                made[k] |= given[k] << shift


@_inner
def _group(groups: tuple[int, ...], first: int, outputs: int, wide: int) -> int:
    """Outputs of the next step: the widest that fits, or a narrower one that takes all the rest."""
    chosen = 0
    for group in groups:
        if first + group <= wide and (chosen == 0 or first + group >= outputs):
            chosen = group
    return chosen


@_inner
def _bit_conv(
    step: Step,
    store: Words,
    whole: Counts,
    numbers: Floats,
    padded: Words,
    planes: Words,
    bits: Words,
    here: Floats,
    there: Floats,
) -> None:
    values = padded
    if step[Of.PASSES]:
        _gather(padded, step, whole, planes)
        values = planes
    wide, channels, tiles = step[Of.WIDE], step[Of.OUTPUTS], PIXELS * step[Of.TILES]
    offsets, window, weights = step[Of.OFFSETS_AT], step[Of.VALUES], step[Of.WEIGHTS_AT]
    cuts, norms, lacking = step[Of.CUTS_AT], step[Of.NORM_AT], step[Of.LACKING_AT]
    fan_in, each = step[Of.FAN_IN], 1 if lacking else 2
    pooled, is_block, adds = step[Of.POOL], step[Of.BLOCK], step[Of.CARRIED]
    carried = here if adds == 1 else there
    # A cut reads 32 sums, of narrower steps too: no number beyond them may be low enough to fire.
    counts = np.zeros(PIXELS * _WIDEST, np.int32)
    first = 0
    while first < channels:
        group = _group(GROUPS, first, channels, wide)
        for tile in range(0, tiles, PIXELS):
            at = step[Of.TILES_AT] + tile
            own = _WEIGHT_UNITS * weights + first
            differing_bits(values, whole, at, offsets, window, store, own, wide, group, counts)
            for part in range(0, group, WORD):
                o = first + part
                if lacking:
                    classes = at + 3 * tiles
                    _make_up(counts, group, part, whole, classes, lacking - 1 + o, wide)
                if is_block:
                    if pooled:
                        pool(counts, part, group)
                    count = 1 if pooled else PIXELS
                    flip = store[step[Of.FLIPS_AT] + o // WORD]
                    cut_tile(
                        counts,
                        part,
                        group,
                        count,
                        whole,
                        at + tiles,
                        at + 2 * tiles,
                        whole,
                        cuts + o,
                        wide,
                        flip,
                        bits,
                        o // WORD,
                        wide // WORD,
                    )
                    continue
                count = min(PIXELS, step[Of.PIXELS] - tile)
                norm_tile(
                    counts,
                    part,
                    group,
                    fan_in,
                    each,
                    count,
                    whole,
                    at + tiles,
                    numbers,
                    norms + o,
                    wide,
                    carried,
                    adds,
                    there,
                    o,
                    channels,
                )
                if min(WORD, channels - o) % NORM_LANES:
                    for p in range(count):
                        pixel = whole[at + tiles + p] * channels + o
                        for c in range((channels - o) // NORM_LANES * NORM_LANES, channels - o):
                            total = np.float32(fan_in - each * counts[part + p * group + c])
                            _norm_one(
                                total, numbers, norms + o + c, wide, carried, adds, there, pixel + c
                            )
        first += group


@_inner
def _norm_one(
    total: np.float32,
    numbers: Floats,
    at: int,
    wide: int,
    carried: Floats,
    adds: int,
    y: Floats,
    to: int,
) -> None:
    """`norm_tile` for a single sum."""
    normed = fused(total * numbers[at], numbers[at + wide], numbers[at + 2 * wide])
    y[to] = normed + carried[to] if adds else normed


@_inner
def _make_up(
    counts: Counts, group: int, part: int, whole: Counts, classes: int, lacking: int, wide: int
) -> None:
    """Twice the bits that differ, minus what a border of zeros lacks."""
    for p in range(PIXELS):
        here = p * group + part
        beyond = lacking + whole[classes + p] * wide
        for c in range(min(WORD, group)):
            counts[here + c] = 2 * counts[here + c] - whole[beyond + c]


@_inner
def _real_conv(
    step: Step,
    store: Words,
    whole: Counts,
    numbers: Floats,
    values: Floats,
    bits: Words,
    there: Floats,
) -> None:
    wide, channels, tiles = step[Of.WIDE], step[Of.OUTPUTS], PIXELS * step[Of.TILES]
    offsets, window, weights = step[Of.OFFSETS_AT], step[Of.VALUES], step[Of.WEIGHTS_AT]
    cuts, norms = step[Of.CUTS_AT], step[Of.NORM_AT]
    pooled, is_block = step[Of.POOL], step[Of.BLOCK]
    sums = np.empty(PIXELS * WORD, np.float32)
    for o in range(0, wide, WORD):
        group = _group(REAL_GROUPS, o, channels, wide)
        for tile in range(0, tiles, PIXELS):
            at = step[Of.TILES_AT] + tile
            products(values, whole, at, offsets, window, numbers, weights + o, wide, group, sums)
            if is_block:
                if pooled:
                    pool(sums, 0, group)
                count = 1 if pooled else PIXELS
                flip = store[step[Of.FLIPS_AT] + o // WORD]
                cut_tile(
                    sums,
                    0,
                    group,
                    count,
                    whole,
                    at + tiles,
                    at + 2 * tiles,
                    numbers,
                    cuts + o,
                    wide,
                    flip,
                    bits,
                    o // WORD,
                    wide // WORD,
                )
                continue
            count = min(PIXELS, step[Of.PIXELS] - tile)
            norm_tile(
                sums,
                0,
                group,
                0,
                0,
                count,
                whole,
                at + tiles,
                numbers,
                norms + o,
                wide,
                there,
                0,
                there,
                o,
                channels,
            )
            if min(WORD, channels - o) % NORM_LANES:
                for p in range(count):
                    pixel = whole[at + tiles + p] * channels + o
                    for c in range((channels - o) // NORM_LANES * NORM_LANES, channels - o):
                        total = sums[p * group + c]
                        _norm_one(total, numbers, norms + o + c, wide, there, 0, there, pixel + c)


@_inner
def _cut(x: Floats, step: Step, store: Words, numbers: Floats, bits: Words) -> None:
    """Real maps to bits."""
    channels, depth, columns = step[Of.CHANNELS], step[Of.DEPTH], step[Of.COLUMNS]
    pixel = 0
    for i in range(step[Of.HEIGHT]):
        first = step[Of.CUTS_AT] + i % step[Of.ROWS] * columns * depth * WORD
        column = 0
        for _ in range(step[Of.WIDTH]):
            for q in range(depth):
                cut = first + (column * depth + q) * WORD
                found = fires(x, pixel * channels + WORD * q, numbers, cut)
                bits[pixel * depth + q] = found ^ store[step[Of.FLIPS_AT] + q]
            pixel += 1
            column = column + 1 if column + 1 < columns else 0


@_inner
def _average(x: Floats, step: Step, y: Floats) -> None:
    """Means of stride × stride pixels, of those that there are; channels beyond are 0."""
    height, width, stride = step[Of.HEIGHT], step[Of.WIDTH], step[Of.STRIDE]
    channels, outputs = step[Of.CHANNELS], step[Of.OUTPUTS]
    row, to = width * channels, 0
    for i in range(0, height, stride):
        rows = min(stride, height - i)
        for j in range(0, width, stride):
            columns = min(stride, width - j)
            start = i * row + j * channels
            # A last step beyond the channels writes into what comes next, before that is written.
            for c in range(0, channels, NORM_LANES):
                average(x, start + c, rows, row, columns, channels, y, to + c)
            for c in range(channels, outputs):
                y[to + c] = 0
            to += outputs


@_inner
def _scale_shift(x: Floats, step: Step, numbers: Floats) -> None:
    channels, wide, norms = step[Of.CHANNELS], step[Of.WIDE], step[Of.NORM_AT]
    for k in range(step[Of.VALUES]):
        for c in range(channels):
            at = k * channels + c
            _norm_one(x[at], numbers, norms + c, wide, x, 0, x, at)


@_inner
def _repeat(x: Floats, step: Step, y: Floats) -> None:
    copies = step[Of.SIZE]
    for k in range(step[Of.VALUES]):
        for copy in range(copies):
            y[k * copies + copy] = x[k]


@_inner
def _enlarge(x: Words, step: Step, y: Words) -> None:
    """Every pixel of bits four times."""
    width, depth = step[Of.WIDTH], step[Of.DEPTH]
    to = 0
    for i in range(2 * step[Of.HEIGHT]):
        for j in range(2 * width):
            at = (i // 2 * width + j // 2) * depth
            for q in range(depth):
                y[to] = x[at + q]
                to += 1


@_inner
def _signs(bits: Words, step: Step, y: Floats) -> None:
    """Bits to +1 and −1."""
    channels, depth = step[Of.CHANNELS], step[Of.DEPTH]
    for k in range(step[Of.VALUES]):
        for c in range(channels):
            bit = bits[k * depth + c // WORD] >> np.uint32(c % WORD) & np.uint32(1)
            y[k * channels + c] = np.float32(1) if bit else np.float32(-1)


@_inner
def _enlarge_bilinear(x: Floats, step: Step, y: Floats) -> None:
    """Along rows first, each product and each sum rounded, as the definition has it."""
    height, width, channels = step[Of.HEIGHT], step[Of.WIDTH], step[Of.CHANNELS]
    most, least = np.float32(0.75), np.float32(0.25)
    row, to = width * channels, 0
    for i in range(2 * height):
        own = i // 2 * row
        other = min(max(i // 2 + 2 * (i % 2) - 1, 0), height - 1) * row
        for j in range(2 * width):
            here = j // 2 * channels
            beside = min(max(j // 2 + 2 * (j % 2) - 1, 0), width - 1) * channels
            for c in range(channels):
                near = most * x[own + here + c] + least * x[other + here + c]
                far = most * x[own + beside + c] + least * x[other + beside + c]
                y[to] = most * near + least * far
                to += 1


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
def _dense(bits: Words, step: Step, numbers: Floats, y: Floats) -> None:
    for o in range(step[Of.OUTPUTS]):
        weights = step[Of.WEIGHTS_AT] + o * step[Of.VALUES] * WORD
        y[o] = signed_sum(bits, step[Of.VALUES], numbers, weights)
