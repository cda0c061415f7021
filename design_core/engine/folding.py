"""From a network's arrays to packed layers, in NumPy.

Batch norm and activation become one compare per (channel, i mod d1, j mod d2). Not algebra decides
but the float network: for each compare we ask its batch norm and activation, in the very float32
steps of PyTorch, which sums fire, and bisect for the first that does. Rounding and ties are thus
the same to the last bit.

`Chain`, `PixelChain` and `ResidualChain` describe a network; `design_core.engine.packing` reads
them off a model, `design_core.zoo.network_file` off a checkpoint, without PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from design_core.engine.bits import Words, pack_bits
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
from design_core.engine.reference import fused
from design_core.kernels.kernel import tile

__all__ = [
    "SEVERAL_PLANES",
    "SIGN",
    "Chain",
    "ChainBlock",
    "Described",
    "Norm",
    "PictureBits",
    "PixelChain",
    "ResidualChain",
    "Unit",
    "UnpackableError",
    "Weights",
    "fold",
]

Values = NDArray[np.float32]
Bools = NDArray[np.bool_]
Keys = NDArray[np.int64]

#: The thresholds of plain Sign, as a kernel of one cell.
SIGN: Values = np.zeros((1, 1, 1), np.float32)

#: Why a network of more than one bit stays in PyTorch.
SEVERAL_PLANES = (
    "The engine multiplies one bit by one bit. This network needs sums of such products: its "
    "options weight_bits, activation_bits, weight_bases and activation_bases must be 1, and its "
    "binarizer another than abc. It runs in PyTorch."
)

#: The last key of `_float_of_key`: the largest finite float32.
_LAST_KEY = 0x7F7FFFFF
_LARGEST = np.finfo(np.float32).max


class UnpackableError(ValueError):
    """A network that the engine cannot run; the message says what in it."""


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights of a convolution or a linear layer.

    Parameters
    ----------
    values
        float32 (O, C, size, size), or (O, features); ±1 if `binary`.
    scale
        What multiplies the sums, (O,) or (); None for 1.
    stride, padding
        As in `BitConv`.
    bias
        What is added to the scaled sums, (O,); None for 0.
    """

    values: Values
    binary: bool
    scale: Values | None = None
    stride: int = 1
    padding: str = "one"
    bias: Values | None = None

    @property
    def scales(self) -> Values:
        """The scale of each output, (O,)."""
        scale = np.float32(1) if self.scale is None else self.scale
        return np.ascontiguousarray(np.broadcast_to(scale, len(self.values)), np.float32)

    def layer(self) -> BitConv | RealConv:
        """The convolution alone."""
        if not self.binary:
            return RealConv(_window(self.values), self.stride)
        return BitConv(_words(self.values), self.values.shape[1], self.stride, self.padding)


@dataclass(frozen=True, eq=False)
class Norm:
    """A batch norm in evaluation mode: ``x · slope + offset``, float32 (C,) each, rounded once."""

    slope: Values
    offset: Values

    @classmethod
    def of(
        cls,
        mean: Values,
        variance: Values,
        gamma: Values | None,
        beta: Values | None,
        *,
        epsilon: float = 1e-5,
    ) -> Norm:
        """From running statistics and what was learned, rounded as PyTorch rounds."""
        slope = np.reciprocal(np.sqrt(variance + np.float32(epsilon)))
        if gamma is not None:
            slope = slope * gamma
        return cls(slope, fused(-mean, slope, np.zeros_like(mean) if beta is None else beta))

    @classmethod
    def none(cls, channels: int) -> Norm:
        """What changes nothing, where there is no batch norm."""
        return cls(np.ones(channels, np.float32), np.zeros(channels, np.float32))

    def after(self, scale: Values, bias: Values | None = None) -> ScaleShift:
        """The layer that scales sums, shifts and normalizes them."""
        offset = self.offset if bias is None else fused(bias, self.slope, self.offset)
        return ScaleShift(scale, self.slope, offset)


@dataclass(frozen=True, eq=False)
class PictureBits:
    """A cut of the picture: thresholds (s, d1, d2) on each channel `copies` times over."""

    thresholds: Values
    copies: int = 1

    def layers(self, colours: int) -> Iterator[Layer]:
        """What stands before the first convolution."""
        if self.copies > 1:
            yield Repeat(self.copies)
        yield _real_cut(self.thresholds, self.copies * colours)


@dataclass(frozen=True, eq=False)
class ChainBlock:
    """Convolution or linear layer, batch norm, activation of thresholds (s, d1, d2).

    A linear layer (weights of two axes) takes the whole map, and gives maps of one pixel.

    Parameters
    ----------
    pool
        Whether maxima of 2×2 are taken: of the sums, or, if `late`, of what the batch norm or the
        activation makes of them.
    late
        See `pool`. Maxima of bits are those of the sums only where all pixels have one threshold.
    enlarge
        Whether the block takes every pixel of the bits before it four times.
    """

    conv: Weights
    pool: bool
    norm: Norm
    thresholds: Values
    late: bool = False
    enlarge: bool = False


@dataclass(frozen=True, eq=False)
class Chain:
    """A `VggSmall`, or a plain chain of layers.

    Parameters
    ----------
    mean
        Whether the head takes the means of the maps, in place of all of their bits.
    """

    picture: PictureBits | None
    blocks: Sequence[ChainBlock]
    head: Weights
    head_norm: Norm
    mean: bool = False

    def layers(self, input_shape: tuple[int, int, int]) -> Iterator[Layer]:
        """Its packed layers, behind the picture's."""
        maps = yield from _blocks(self.picture, self.blocks, input_shape)
        windows = self._windows(maps)
        if self.head.binary and not self.mean:
            yield BitConv(_words(windows), windows.shape[1], 1, "none")
        else:
            yield BitDense(_window(windows))
        yield self.head_norm.after(self.head.scales, self.head.bias)

    def _windows(self, maps: Maps) -> Values:
        """The head's weights for every bit of the last maps, (O, C, H, W)."""
        if not self.mean:
            return _spread(self.head.values, maps)
        pixels = maps.height * maps.width
        shares = (self.head.values / np.float32(pixels))[:, :, None, None]
        return np.ascontiguousarray(
            np.broadcast_to(shares, (*shares.shape[:2], maps.height, maps.width))
        )


@dataclass(frozen=True, eq=False)
class PixelChain:
    """An `EncoderDecoder`: a class for every pixel.

    Parameters
    ----------
    head
        Real weights (classes, C, 1, 1) on the last bits.
    """

    picture: PictureBits | None
    blocks: Sequence[ChainBlock]
    head: Weights
    head_norm: Norm

    def layers(self, input_shape: tuple[int, int, int]) -> Iterator[Layer]:
        """Its packed layers, behind the picture's."""
        maps = yield from _blocks(self.picture, self.blocks, input_shape)
        yield Signs(maps.channels)
        yield self.head.layer()
        yield self.head_norm.after(self.head.scales)
        yield EnlargeBilinear()


@dataclass(frozen=True, eq=False)
class Unit:
    """``norm(conv(act(x))) + shortcut(x)``."""

    thresholds: Values
    conv: Weights
    norm: Norm


@dataclass(frozen=True, eq=False)
class ResidualChain:
    """A `ResNet`."""

    picture: PictureBits | None
    stem: Weights
    stem_norm: Norm
    units: Sequence[Unit]
    head_norm: Norm
    head: Weights
    bias: Values

    def layers(self, input_shape: tuple[int, int, int]) -> Iterator[Layer]:  # noqa: ARG002
        """Its packed layers, behind the picture's."""
        yield self.stem.layer()
        yield self.stem_norm.after(self.stem.scales)
        for unit in self.units:
            conv = unit.conv.layer()
            assert isinstance(conv, BitConv)
            yield Residual(
                _real_cut(unit.thresholds, conv.channels), conv, unit.norm.after(unit.conv.scales)
            )
        yield GlobalMean()
        yield self.head_norm.after(np.ones_like(self.head_norm.slope))
        yield RealConv(_window(self.head.values[..., None, None]))
        ones = np.ones_like(self.bias)
        yield ScaleShift(ones, ones, self.bias)


#: What a network can be to the engine.
Described: TypeAlias = Chain | PixelChain | ResidualChain


def fold(network: Described, input_shape: tuple[int, int, int]) -> list[Layer]:
    """The packed layers of a network for pictures (C, H, W)."""
    cut = () if network.picture is None else network.picture.layers(input_shape[0])
    return [*cut, *network.layers(input_shape)]


def _spread(values: Values, maps: Maps) -> Values:
    """Weights (O, features) of a linear layer as windows as large as the map, (O, C, H, W)."""
    features = maps.channels * maps.height * maps.width
    if values.shape[1] != features:
        raise ValueError(
            f"A linear layer takes {values.shape[1]:,} values; the maps before it, "
            f"{maps.channels} of {maps.height}×{maps.width}, have {features:,}."
        )
    return values.reshape(len(values), maps.channels, maps.height, maps.width)


def _blocks(
    picture: PictureBits | None, blocks: Sequence[ChainBlock], input_shape: tuple[int, int, int]
) -> Generator[Layer, None, Maps]:
    """The layers of a chain's blocks; returns the maps behind them."""
    maps = Maps("real", *input_shape)
    if picture is not None:
        for cut in picture.layers(maps.channels):
            maps = cut.gives(maps)
    for block in blocks:
        if block.enlarge:
            yield Enlarge()
            maps = Enlarge().gives(maps)
        layer = _block(block, maps)
        yield layer
        maps = layer.gives(maps)
    return maps


def _block(block: ChainBlock, maps: Maps) -> Block:
    takes_bits = maps.kind == "bits"
    values, stride = block.conv.values, block.conv.stride
    padding = block.conv.padding
    if values.ndim == 2:
        values, padding = _spread(values, maps), "none"
        if not takes_bits:
            values, stride = _centred(values)
    sign = _direction(block)
    values = np.where((sign < 0)[:, None, None, None], -values, values)
    conv: BitConv | RealConv = RealConv(_window(values), stride)
    fan_in = None
    if takes_bits:
        conv = BitConv(_words(values), values.shape[1], stride, padding)
        fan_in = conv.fan_in
    return Block(conv, block.pool, _block_cut(block, sign, fan_in))


def _direction(block: ChainBlock) -> Values:
    """−1 for outputs whose weights change their sign, so that maxima stay maxima.

    A maximum of scaled sums is the scaled maximum only if the scale is not negative; and one of
    what the batch norm makes of them only if its slope is not, either.
    """
    factor = np.sign(block.conv.scales)
    return factor * np.sign(block.norm.slope) if block.late else factor


def _centred(values: Values) -> tuple[Values, int]:
    """Windows (O, C, H, W) on a whole real map as those of a convolution; and its stride.

    Real convolutions stand over the middle of their window. The first one begins at the map's first
    pixel, and so has the map in the lower right quarter of its window.
    """
    height, width = values.shape[2:]
    side = max(height, width)
    wide = np.zeros((*values.shape[:2], 2 * side - 1, 2 * side - 1), np.float32)
    wide[:, :, side - 1 : side - 1 + height, side - 1 : side - 1 + width] = values
    return wide, side


def _block_cut(block: ChainBlock, sign: Values, fan_in: int | None) -> Cut:
    """The compare that stands for scale, bias, batch norm and activation of a block.

    `fan_in` bounds the sums; None for real ones. Sums are those of weights of changed `sign`.
    """
    _, rows, columns = block.thresholds.shape
    scale = block.conv.scales * sign
    bias = np.zeros_like(scale) if block.conv.bias is None else block.conv.bias
    shape = (len(scale), rows, columns)
    thresholds = tile(block.thresholds, *shape)
    factor, shift, slope, offset = (
        np.broadcast_to(one[:, None, None], shape)
        for one in (scale, bias, block.norm.slope, block.norm.offset)
    )

    def fires(sums: NDArray[Any]) -> Bools:
        with np.errstate(over="ignore"):  # where bisection looks, beyond all sums of pictures
            scaled = (sums.astype(np.float32) * factor + shift).clip(-_LARGEST, _LARGEST)
            normalized = fused(scaled, slope, offset)
        bits: Bools = normalized >= thresholds
        return bits

    if fan_in is None:
        keys, flipped, never = _first_firing(
            lambda keys: fires(_float_of_key(keys)), shape, -_LAST_KEY, _LAST_KEY
        )
        cuts = _float_of_key(keys).astype(np.float32)
        cuts[keys <= -_LAST_KEY] = -np.inf
        cuts[never] = np.inf
    else:
        keys, flipped, _ = _first_firing(fires, shape, -fan_in, fan_in)
        cuts = keys.astype(np.int32)
    return Cut(np.ascontiguousarray(cuts.transpose(1, 2, 0)), pack_bits(flipped))


def _first_firing(
    fires: Callable[[Keys], Bools],
    shape: tuple[int, int, int],
    low: int,
    high: int,
) -> tuple[Keys, Bools, Bools]:
    """For each entry the first key at which a monotone predicate turns, by bisection.

    Returns
    -------
    keys
        `fires` is ``key ≥ keys`` on low … high, inverted in flipped channels. An entry that is
        the same everywhere gets `low` or `high` + 1.
    flipped
        (C,): channels where `fires` turns off.
    never
        Entries of `high` + 1.
    """
    first = fires(np.full(shape, low))
    last = fires(np.full(shape, high))
    flipped: Bools = np.any(first & ~last, axis=(1, 2))
    below, above = np.full(shape, low), np.full(shape, high)
    while (above - below > 1).any():
        middle = (below + above) // 2
        turned = fires(middle) == last
        above, below = np.where(turned, middle, above), np.where(turned, below, middle)
    constant = first == last
    never = constant & (first == flipped[:, None, None])
    keys = np.where(constant, np.where(never, high + 1, low), above)
    return keys, flipped, never


def _float_of_key(keys: Keys) -> NDArray[np.float64]:
    """The float32 numbers in order: 0 → 0, 1 → the smallest positive one, −1 → its negative."""
    magnitudes = np.abs(keys).clip(max=_LAST_KEY).astype(np.uint32).view(np.float32)
    return np.copysign(magnitudes.astype(np.float64), np.where(keys < 0, -1.0, 1.0))


def _real_cut(thresholds: Values, channels: int) -> Cut:
    """An activation on its own, on real maps: its thresholds, tiled over the channels."""
    _, rows, columns = thresholds.shape
    cuts = tile(thresholds, channels, rows, columns).transpose(1, 2, 0)
    return Cut(np.ascontiguousarray(cuts), pack_bits(np.zeros(channels, dtype=bool)))


def _window(weights: Values) -> Values:
    """(O, C, size, size) → (size, size, C, O)."""
    return np.ascontiguousarray(weights.transpose(2, 3, 1, 0))


def _words(weights: Values) -> Words:
    """±1 weights (O, C, size, size) → words (size, size, ⌈C/32⌉, O)."""
    packed = pack_bits(weights.transpose(2, 3, 0, 1) > 0)
    return np.ascontiguousarray(packed.swapaxes(2, 3))
