"""Packed layers as one program: steps of whole numbers, and one store of all that they read.

`design_core.engine.compiled` runs it in a single call, picture by picture. Whatever depends on the
layers and on the size of the maps alone is worked out here, once: where windows begin, which cell
of a kernel a pixel falls on, thresholds as numbers of differing bits.

A picture's maps live in buffers of 32-bit words: ``bits``, two of real values between which steps
go back and forth, ``padded`` for what a convolution reads, ``planes`` for gathered windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import singledispatchmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.engine.bits import WORD, Words, channel_mask, pack_bits, unpack_bits, word_count
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
)
from design_core.engine.vectors import METHOD, PIXELS

__all__ = ["Buffer", "Do", "Of", "Program", "assemble"]


class Do(IntEnum):
    """What a step does."""

    READ_PICTURE = 0
    READ_REAL = 1
    READ_BITS = 2
    WRITE_REAL = 3
    WRITE_BITS = 4
    CUT = 5
    BIT_CONV = 6
    REAL_CONV = 7
    SHORTCUT = 8
    SCALE_SHIFT = 9
    REPEAT = 10
    MEAN = 11
    DENSE = 12
    ENLARGE = 13
    ENLARGE_BILINEAR = 14
    SIGNS = 15


class Of(IntEnum):
    """Columns of a step; those ending in _AT are places in the store."""

    OP = 0
    HEIGHT = 1  # of the maps that it is given
    WIDTH = 2
    CHANNELS = 3
    DEPTH = 4  # words or numbers of a pixel
    MARGIN = 5
    REPLICATE = 6
    FILL_AT = 7
    SIZE = 8  # of a window; copies of a channel
    STRIDE = 9
    PASSES = 10  # over the maps, so that pixels of a window share a word; 0 if none do
    WEIGHTS_AT = 11
    OFFSETS_AT = 12
    VALUES = 13  # of a window, or of all maps
    OUTPUTS = 14
    WIDE = 15  # outputs made whole words
    TILES_AT = 16
    TILES = 17
    PIXELS = 28  # of the sums
    LACKING_AT = 18  # plus 1; 0 where no border lacks anything
    FAN_IN = 19
    BLOCK = 20  # whether sums are cut into bits
    POOL = 21
    CUTS_AT = 22
    FLIPS_AT = 23
    ROWS = 24  # of a kernel
    COLUMNS = 25
    NORM_AT = 26
    PASSES_AT = 29
    CARRIED = 27  # 1: what the step was given is added to its sums; 2: what is there already


Columns = dict[Of, int]


class Buffer(IntEnum):
    """Columns of the lengths of buffers, which stand before the steps."""

    BITS = 0
    REAL = 1
    PADDED = 2
    PLANES = 3


#: A vector may be read so far beyond the last value of a buffer.
_SLACK = WORD

#: Threshold of channels beyond the last: not even infinity, which may lie there, is as large.
_NEVER = np.float32(np.nan)

#: Store and buffers begin on lines of the cache.
_LINE = 64


@dataclass(frozen=True)
class Program:
    """Steps, lengths of buffers first, and what they read.

    Parameters
    ----------
    steps
        int64 (steps + 1, columns).
    store
        32-bit words; whole and real numbers among them by their bits.
    gives
        The maps that come out.
    """

    steps: NDArray[np.int64]
    store: Words
    gives: Maps


def assemble(layers: Sequence[Layer], maps: Maps, *, planar: bool) -> Program:
    """The program of these layers on maps of this size.

    Parameters
    ----------
    planar
        Whether they come as pictures, (C, H, W), instead of channels last.
    """
    assembler = _Assembler(maps)
    assembler.read(planar)
    at = 0
    while at < len(layers):
        layer, following = layers[at], layers[at + 1 : at + 2]
        if isinstance(layer, BitConv | RealConv):
            # A norm that follows works on the sums while they are at hand.
            norm = next((one for one in following if isinstance(one, ScaleShift)), None)
            assembler.conv(layer, norm)
            at += norm is not None
        else:
            assembler.add(layer)
        at += 1
    return assembler.program()


class _Assembler:
    """Steps so far, and the maps after them."""

    def __init__(self, maps: Maps) -> None:
        self.maps = maps
        self.steps: list[Columns] = []
        self.parts: list[Words] = []
        self.length = 0
        self.sizes = dict.fromkeys(Buffer, 0)

    def program(self) -> Program:
        self.need(self.maps)
        write = Do.WRITE_BITS if self.maps.kind == "bits" else Do.WRITE_REAL
        self.step({Of.OP: write, Of.VALUES: _values(self.maps)})
        rows = np.zeros((len(self.steps) + 1, len(Of)), np.int64)
        for buffer, size in self.sizes.items():
            rows[0, buffer] = size + _SLACK
        for row, step in zip(rows[1:], self.steps, strict=True):
            row[list(step)] = list(step.values())
        store = _aligned(self.length)
        at = 0
        for part in self.parts:
            store[at : at + part.size] = part
            at += part.size
        return Program(rows, store, self.maps)

    def step(self, columns: Columns) -> None:
        self.steps.append(columns)

    def keep(self, array: NDArray[Any]) -> int:
        """Put an array of 32-bit numbers into the store, on a line of its own; its place."""
        words = np.ascontiguousarray(array).reshape(-1).view(np.uint32)
        missing = -words.size % (_LINE // 4)
        at, self.length = self.length, self.length + words.size + missing
        self.parts += [words, np.zeros(missing, np.uint32)]
        return at

    def need(self, maps: Maps) -> None:
        """Make room for maps."""
        buffer = Buffer.BITS if maps.kind == "bits" else Buffer.REAL
        self.sizes[buffer] = max(self.sizes[buffer], _values(maps))

    def read(self, planar: bool) -> None:
        self.need(self.maps)
        kind = (
            Do.READ_BITS
            if self.maps.kind == "bits"
            else Do.READ_PICTURE
            if planar
            else Do.READ_REAL
        )
        self.step({Of.OP: kind, Of.VALUES: _values(self.maps), Of.CHANNELS: self.maps.channels})

    @singledispatchmethod
    def add(self, layer: Layer) -> None:
        raise TypeError(f"There are no steps for {type(layer).__name__}.")

    @add.register
    def _(self, layer: Block) -> None:
        self.conv(layer.conv, None, layer)

    @add.register
    def _(self, layer: Residual) -> None:
        given, stride = self.maps, layer.conv.stride
        self.add(layer.act)
        self.conv(layer.conv, layer.norm, carried=(given, stride))

    @add.register
    def _(self, layer: Cut) -> None:
        maps = self.maps
        rows, columns, channels = layer.cuts.shape
        cuts = _widened(layer.cuts.astype(np.float32), _NEVER)
        self.maps = layer.gives(maps)
        self.need(self.maps)
        self.step(
            {
                **{
                    Of.OP: Do.CUT,
                    Of.HEIGHT: maps.height,
                    Of.WIDTH: maps.width,
                    Of.CHANNELS: channels,
                },
                **{Of.DEPTH: word_count(channels), Of.ROWS: rows, Of.COLUMNS: columns},
                **{Of.CUTS_AT: self.keep(cuts), Of.FLIPS_AT: self.keep(layer.flips)},
            }
        )

    @add.register
    def _(self, layer: ScaleShift) -> None:
        self.step(
            {
                **{Of.OP: Do.SCALE_SHIFT, Of.VALUES: self.maps.height * self.maps.width},
                **{Of.CHANNELS: self.maps.channels, Of.WIDE: _wide(self.maps.channels)},
                Of.NORM_AT: self.keep(_norms(layer)),
            }
        )
        self.maps = layer.gives(self.maps)

    @add.register
    def _(self, layer: Repeat) -> None:
        self.step({Of.OP: Do.REPEAT, Of.VALUES: _values(self.maps), Of.SIZE: layer.copies})
        self.maps = layer.gives(self.maps)
        self.need(self.maps)

    @add.register
    def _(self, layer: Enlarge) -> None:
        maps, depth = self.maps, word_count(self.maps.channels)
        self.sizes[Buffer.PADDED] = max(self.sizes[Buffer.PADDED], _values(maps))
        self.maps = layer.gives(maps)
        self.need(self.maps)
        self.step(
            {
                **{Of.OP: Do.ENLARGE, Of.HEIGHT: maps.height, Of.WIDTH: maps.width},
                **{Of.DEPTH: depth, Of.VALUES: _values(maps)},
            }
        )

    @add.register
    def _(self, layer: EnlargeBilinear) -> None:
        maps = self.maps
        self.maps = layer.gives(maps)
        self.need(self.maps)
        self.step(
            {
                **{Of.OP: Do.ENLARGE_BILINEAR, Of.HEIGHT: maps.height, Of.WIDTH: maps.width},
                Of.CHANNELS: maps.channels,
            }
        )

    @add.register
    def _(self, layer: Signs) -> None:
        maps = self.maps
        self.maps = layer.gives(maps)
        self.need(self.maps)
        self.step(
            {
                **{Of.OP: Do.SIGNS, Of.VALUES: maps.height * maps.width},
                **{Of.CHANNELS: maps.channels, Of.DEPTH: word_count(maps.channels)},
            }
        )

    @add.register
    def _(self, layer: GlobalMean) -> None:
        pixels = self.maps.height * self.maps.width
        self.step({Of.OP: Do.MEAN, Of.VALUES: pixels, Of.CHANNELS: self.maps.channels})
        self.maps = layer.gives(self.maps)

    @add.register
    def _(self, layer: BitDense) -> None:
        outputs = layer.weights.shape[3]
        matrix = _widened(layer.weights, np.float32(0), axis=2)
        matrix = matrix.reshape(-1, outputs).T
        self.step(
            {
                **{Of.OP: Do.DENSE, Of.VALUES: matrix.shape[1] // WORD, Of.OUTPUTS: outputs},
                Of.WEIGHTS_AT: self.keep(matrix),
            }
        )
        self.maps = layer.gives(self.maps)
        self.need(self.maps)

    def conv(
        self,
        conv: BitConv | RealConv,
        norm: ScaleShift | None,
        block: Block | None = None,
        carried: tuple[Maps, int] | None = None,
    ) -> None:
        """A convolution, and what is done with its sums: cut, or normed and added to a shortcut."""
        maps, sums = self.maps, conv.gives(self.maps)
        wide = _wide(sums.channels)
        depth = word_count(maps.channels) if maps.kind == "bits" else maps.channels
        tall, broad = (side + 2 * conv.margin for side in (maps.height, maps.width))
        self.sizes[Buffer.PADDED] = max(self.sizes[Buffer.PADDED], tall * broad * depth)
        step = {
            **{
                Of.HEIGHT: maps.height,
                Of.WIDTH: maps.width,
                Of.CHANNELS: maps.channels,
                Of.DEPTH: depth,
            },
            **{Of.MARGIN: conv.margin, Of.SIZE: conv.size, Of.STRIDE: conv.stride},
            **{Of.OUTPUTS: sums.channels, Of.WIDE: wide},
        }
        pool = block is not None and block.pool
        after = self.maps = block.gives(maps) if block else sums
        if isinstance(conv, BitConv):
            step |= self._bit_conv(conv, tall, broad, depth)
        else:
            step |= {Of.OP: Do.REAL_CONV, Of.FILL_AT: self.keep(np.zeros(depth, np.float32))}
            step |= {Of.WEIGHTS_AT: self.keep(_widened(conv.weights, np.float32(0)))}
            step |= self._window(conv.size, depth, broad * depth)
        gathered = step.get(Of.PASSES, 0)
        row, pixel = (broad, 1) if gathered else (broad * depth, depth)
        starts = _starts(sums, conv.stride, row, pixel)
        cells, classes = np.zeros((2, sums.height, sums.width), np.int64)
        if isinstance(conv, BitConv) and conv.taps.size:
            classes, lacking = _lacking(conv, maps, sums)
            step |= {Of.LACKING_AT: 1 + self.keep(_widened(lacking, np.int32(0)))}
        if block:
            rows, columns, _ = block.cut.cuts.shape
            cells = _cells(after, rows, columns, pool)
            step |= {Of.BLOCK: 1, Of.POOL: int(pool), Of.FLIPS_AT: self.keep(block.cut.flips)}
            step |= {Of.CUTS_AT: self.keep(_limits(conv, block.cut))}
        else:
            step |= {Of.NORM_AT: self.keep(_norms(norm or _identity(sums.channels)))}
            self.maps = Maps("real" if norm else sums.kind, *_sides(sums))
        tiles = _tiles(starts, cells, classes, sums, pool)
        step |= {Of.TILES_AT: self.keep(tiles), Of.TILES: tiles.shape[1] // PIXELS}
        step[Of.PIXELS] = sums.height * sums.width
        self.need(self.maps)
        if carried:
            step |= self._shortcut(*carried)
        self.step(step)

    def _bit_conv(self, conv: BitConv, tall: int, broad: int, depth: int) -> Columns:
        """Columns of a convolution of bits."""
        fill = channel_mask(conv.channels) if conv.padding == "one" else np.zeros(depth, np.uint32)
        step: Columns = {Of.OP: Do.BIT_CONV, Of.FILL_AT: self.keep(fill), Of.FAN_IN: conv.fan_in}
        step |= {Of.REPLICATE: int(conv.padding == "replicate")}
        per_word = WORD // conv.channels if conv.size > 1 else 0
        if per_word < 2:
            words = conv.words.reshape(-1, conv.words.shape[3])
            return (
                step
                | {Of.WEIGHTS_AT: self.keep(_arranged(words))}
                | self._window(conv.size, depth, broad * depth)
            )
        # Few channels: as many pixels of a window share a word as it holds, in planes.
        planes, offsets = _planes(conv.size, per_word, broad)
        area = tall * broad
        self.sizes[Buffer.PLANES] = max(self.sizes[Buffer.PLANES], len(planes) * area)
        passes = [
            (area * plane, ahead, place * conv.channels)
            for plane, pixels in enumerate(planes)
            for place, ahead in enumerate(pixels)
        ]
        places = [area * plane + start for plane, start in offsets]
        return step | {
            **{Of.PASSES: len(passes), Of.PASSES_AT: self.keep(np.array(passes, np.int32))},
            **{Of.WEIGHTS_AT: self.keep(_arranged(_gathered(conv, per_word)))},
            **{Of.OFFSETS_AT: self.keep(np.array(places, np.int32)), Of.VALUES: len(places)},
        }

    def _window(self, size: int, depth: int, row: int) -> Columns:
        """Where the values of a window lie, from its first one on."""
        offsets = np.arange(size)[:, None] * row + np.arange(size * depth)
        return {Of.OFFSETS_AT: self.keep(offsets.astype(np.int32)), Of.VALUES: offsets.size}

    def _shortcut(self, given: Maps, stride: int) -> Columns:
        """Maps that a convolution adds to its own; averaged before if they do not fit."""
        if stride == 1 and given.channels == self.maps.channels:
            return {Of.CARRIED: 1}
        self.step(
            {
                **{
                    Of.OP: Do.SHORTCUT,
                    Of.HEIGHT: given.height,
                    Of.WIDTH: given.width,
                    Of.STRIDE: stride,
                },
                **{Of.CHANNELS: given.channels, Of.OUTPUTS: self.maps.channels},
            }
        )
        return {Of.CARRIED: 2}


def _values(maps: Maps) -> int:
    """Words or numbers of maps."""
    depth = word_count(maps.channels) if maps.kind == "bits" else maps.channels
    return maps.height * maps.width * depth


def _sides(maps: Maps) -> tuple[int, int, int]:
    return maps.channels, maps.height, maps.width


def _aligned(words: int) -> Words:
    """Zeros that begin on a line of the cache."""
    room = np.zeros(words + _LINE // 4, np.uint32)
    start = -room.ctypes.data % _LINE // 4
    return room[start : start + words]


def _wide(channels: int) -> int:
    """Channels, made whole words."""
    return WORD * word_count(channels)


def _widened(array: NDArray[Any], fill: Any, axis: int = -1) -> NDArray[Any]:
    """An axis of channels made whole words."""
    missing = [(0, 0)] * array.ndim
    missing[axis] = (0, -array.shape[axis] % WORD)
    return np.pad(array, missing, constant_values=fill)


def _norms(norm: ScaleShift) -> NDArray[np.float32]:
    """Rows of scales, slopes and offsets."""
    return _widened(np.stack([norm.scale, norm.slope, norm.offset]), np.float32(0))


def _identity(channels: int) -> ScaleShift:
    one = np.ones(channels, np.float32)
    return ScaleShift(one, one, np.zeros(channels, np.float32))


def _arranged(words: Words) -> NDArray[Any]:
    """Weights (words, outputs) as `METHOD` reads them: as they are, or a byte for each nibble."""
    wide = _widened(words, np.uint32(0))
    if METHOD != "look-up":
        return wide
    nibbles = wide[:, None] >> np.arange(0, WORD, 4, dtype=np.uint32)[:, None] & np.uint32(15)
    return nibbles.astype(np.uint8)


def _planes(
    size: int, per_word: int, row: int
) -> tuple[list[tuple[int, ...]], list[tuple[int, int]]]:
    """Which pixels of a window share a word, `row` pixels to a row of the maps.

    Returns
    -------
    How far the pixels of a word lie ahead of its first one, for each plane of such words; and for
    each word of a window its plane, and where in the window its first pixel lies.
    """
    window = [i * row + j for i in range(size) for j in range(size)]
    planes: dict[tuple[int, ...], int] = {}
    offsets = []
    for k in range(0, len(window), per_word):
        pixels = window[k : k + per_word]
        ahead = tuple(pixel - pixels[0] for pixel in pixels)
        offsets.append((planes.setdefault(ahead, len(planes)), pixels[0]))
    return list(planes), offsets


def _gathered(conv: BitConv, per_word: int) -> Words:
    """Weights (words, outputs) whose words hold several pixels of a window each."""
    bits = unpack_bits(conv.words.swapaxes(2, 3), conv.channels)  # (size, size, O, C)
    pixels = bits.reshape(conv.size**2, bits.shape[2], conv.channels)
    rows = [
        pack_bits(np.concatenate(list(pixels[k : k + per_word]), axis=1))[:, 0]
        for k in range(0, len(pixels), per_word)
    ]
    return np.stack(rows)


def _limits(conv: BitConv | RealConv, cut: Cut) -> NDArray[Any]:
    """Thresholds (cells, outputs) as `fires` compares them.

    ``sum ≥ cut`` is ``differing bits ≤ (fan-in − cut) / 2``. Where a border lacks products, twice
    the bits minus what is lacking is compared with ``fan-in − cut``.
    """
    cuts = cut.cuts.reshape(-1, cut.cuts.shape[2])
    if isinstance(conv, RealConv):
        return _widened(cuts, _NEVER)
    twice = conv.fan_in - cuts.astype(np.int64)
    limits = (twice if conv.taps.size else twice >> 1).clip(-(2**30), 2**30)
    return _widened(limits.astype(np.int32), np.int32(-(2**30)))


def _starts(sums: Maps, stride: int, row: int, pixel: int) -> NDArray[np.int64]:
    """Where the window of each sum begins."""
    i, j = np.indices((sums.height, sums.width))
    starts: NDArray[np.int64] = stride * (i * row + j * pixel)
    return starts


def _cells(maps: Maps, rows: int, columns: int, pool: bool) -> NDArray[np.int64]:
    """The cell of a kernel that each pixel of the bits falls on, by the sums that it comes from."""
    i, j = np.indices((maps.height, maps.width))
    cells: NDArray[np.int64] = i % rows * columns + j % columns
    return cells.repeat(2, 0).repeat(2, 1) if pool else cells


def _lacking(conv: BitConv, maps: Maps, sums: Maps) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """For each pixel the class of its border, and for each class what its sums lack.

    Pixels are of one class if the same part of their window lies beyond the border of zeros.
    """
    inside = []
    for side, given in ((maps.height, sums.height), (maps.width, sums.width)):
        at = np.arange(given)[:, None] * conv.stride + np.arange(conv.size) - conv.margin
        inside.append((at >= 0) & (at < side))
    (rows, row_class), (columns, column_class) = (
        np.unique(part, axis=0, return_inverse=True) for part in inside
    )
    beyond = ~(rows[:, None, :, None] & columns[None, :, None, :])
    lacking = np.einsum("abuv,uvo->abo", beyond.astype(np.int64), conv.taps.astype(np.int64))
    classes = row_class.reshape(-1, 1) * len(columns) + column_class.reshape(1, -1)
    return classes, lacking.reshape(-1, lacking.shape[2]).astype(np.int32)


def _tiles(
    starts: NDArray[np.int64],
    cells: NDArray[np.int64],
    classes: NDArray[np.int64],
    sums: Maps,
    pool: bool,
) -> NDArray[np.int32]:
    """Starts, output pixels, cells and classes, (4, pixels), by tiles of four pixels.

    The last pixel is repeated to fill the last tile. A tile of pooled sums is one window.
    """
    height, width = (side // 2 * 2 if pool else side for side in (sums.height, sums.width))
    if pool:
        pixels = np.arange(height * width // 4).reshape(height // 2, width // 2)
        pixels = pixels.repeat(2, 0).repeat(2, 1)
    else:
        pixels = np.arange(height * width).reshape(height, width)
    columns = [part[:height, :width] for part in (starts, pixels, cells, classes)]
    table = np.stack(columns).astype(np.int32)
    if pool:
        windows = table.reshape(4, height // 2, 2, width // 2, 2)
        return windows.transpose(0, 1, 3, 2, 4).reshape(4, -1)
    return np.pad(table.reshape(4, -1), ((0, 0), (0, -height * width % PIXELS)), mode="edge")
