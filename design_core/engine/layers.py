"""The layers of a packed network: what each holds, accepts and gives.

Maps are NumPy arrays (N, H, W, C): ``real`` float32, ``sums`` int32, or ``bits``, whose channels
are packed into words. Layers say what they hold; backends compute.
Every layer checks its arrays when it is made and the maps' description (`Maps`) when it is put into
a network, since compiled programs check no bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from design_core.engine.bits import Words, channel_mask, unpack_bits, word_count

__all__ = [
    "LAYERS",
    "BitConv",
    "BitDense",
    "Block",
    "Cut",
    "Enlarge",
    "EnlargeBilinear",
    "GlobalMean",
    "Layer",
    "Maps",
    "RealConv",
    "Repeat",
    "Residual",
    "ScaleShift",
    "Signs",
]

_PADDINGS = ("one", "replicate", "zero", "none")
_MAX_STRIDE = 64  # a shortcut is averaged over stride × stride pixels
_MAX_FAN_IN = 2**24  # whose sums float32 holds exactly
_MAX_COPIES = 64


@dataclass(frozen=True)
class Maps:
    """Kind (``real``, ``sums`` or ``bits``) and size of the maps between two layers."""

    kind: str
    channels: int
    height: int
    width: int

    def __post_init__(self) -> None:
        if min(self.channels, self.height, self.width) < 1:
            raise ValueError(
                f"Maps have a channel and a pixel at least; got {self.channels} of "
                f"{self.height}×{self.width}."
            )

    def require(self, layer: str, kinds: tuple[str, ...], channels: int | None) -> None:
        """ValueError unless the maps are of one of the kinds and have that many channels."""
        if self.kind not in kinds or (channels is not None and channels != self.channels):
            wanted = "any number of" if channels is None else channels
            raise ValueError(
                f"{layer} takes {' or '.join(kinds)} of {wanted} channels; "
                f"got {self.kind} of {self.channels}."
            )


class Layer(Protocol):
    """What every layer does."""

    def gives(self, maps: Maps) -> Maps:
        """The output for such an input; ValueError if it does not fit."""


@dataclass(frozen=True, eq=False)
class RealConv:
    """Convolution of real maps, zeros beyond the border; weights float32 (size, size, C, O)."""

    weights: NDArray[np.float32]
    stride: int = 1

    def __post_init__(self) -> None:
        _check_array(self.weights, "RealConv.weights", np.float32, 4)
        _check_finite(self.weights, "RealConv.weights")
        _check_window(self.weights, self.stride)

    def gives(self, maps: Maps) -> Maps:
        size, _, channels, outputs = self.weights.shape
        maps.require("RealConv", ("real",), channels)
        return _windowed(maps, "real", outputs, size, self.stride, self.margin)

    @property
    def size(self) -> int:
        """Rows and columns of a window."""
        return len(self.weights)

    @property
    def margin(self) -> int:
        """Pixels added on each side."""
        return self.size // 2


@dataclass(frozen=True, eq=False)
class BitConv:
    """Convolution of bits with bits, exact.

    Parameters
    ----------
    words
        Weights, packed along the channels: (size, size, ⌈C/32⌉, O).
    channels
        C, what of the words counts.
    padding
        ``one``, ``replicate`` or ``zero`` keep the size; ``none`` takes whole windows only, so
        that a linear layer is a window as large as the map.
    """

    words: Words
    channels: int
    stride: int = 1
    padding: str = "one"

    def __post_init__(self) -> None:
        _check_array(self.words, "BitConv.words", np.uint32, 4)
        _check_window(self.words, self.stride)
        if self.padding not in _PADDINGS:
            raise ValueError(
                f"Unknown padding {self.padding!r}; choose one of {', '.join(_PADDINGS)}."
            )
        if self.channels < 1 or self.words.shape[2] != word_count(self.channels):
            raise ValueError(
                f"{self.words.shape[2]} words do not hold just {self.channels} channels."
            )
        if (self.words & ~channel_mask(self.channels)[:, None]).any():
            raise ValueError(f"Weights have bits beyond their {self.channels} channels.")
        if self.fan_in > _MAX_FAN_IN:
            raise ValueError(
                f"Sums of {self.fan_in:,} products; {_MAX_FAN_IN:,} at most are exact."
            )

    @cached_property
    def taps(self) -> NDArray[np.int32]:
        """Sums of the weights over the channels, what the border lacks; nothing unless padded by 0.

        Shape (size, size, O) or (0, 0, 0).
        """
        if self.padding != "zero":
            return np.empty((0, 0, 0), np.int32)
        ones = np.bitwise_count(self.words).sum(axis=2, dtype=np.int32)
        lacking: NDArray[np.int32] = 2 * ones - np.int32(self.channels)
        return lacking

    @property
    def fan_in(self) -> int:
        """Products per sum."""
        return self.size**2 * self.channels

    @property
    def size(self) -> int:
        """Rows and columns of a window."""
        return len(self.words)

    @property
    def margin(self) -> int:
        """Pixels added on each side."""
        return 0 if self.padding == "none" else self.size // 2

    def gives(self, maps: Maps) -> Maps:
        maps.require("BitConv", ("bits",), self.channels)
        outputs = self.words.shape[3]
        return _windowed(maps, "sums", outputs, self.size, self.stride, self.margin)


@dataclass(frozen=True, eq=False)
class Repeat:
    """Every channel of real maps `copies` times, side by side: what a thermometer cuts."""

    copies: int

    def __post_init__(self) -> None:
        if not 1 <= self.copies <= _MAX_COPIES:
            raise ValueError(f"Copies are 1 to {_MAX_COPIES}; got {self.copies}.")

    def gives(self, maps: Maps) -> Maps:
        maps.require("Repeat", ("real",), None)
        return replace(maps, channels=self.copies * maps.channels)


@dataclass(frozen=True, eq=False)
class Enlarge:
    """Every pixel of bits four times, as a square: (N, H, W, C) → (N, 2H, 2W, C)."""

    def gives(self, maps: Maps) -> Maps:
        maps.require("Enlarge", ("bits",), None)
        return _doubled(maps)


@dataclass(frozen=True, eq=False)
class EnlargeBilinear:
    """Real maps of twice the size, bilinear between pixel centres.

    Along rows first, then along columns: ``y[2i] = ¾ x[i] + ¼ x[i−1]`` and ``y[2i+1] = ¾ x[i] +
    ¼ x[i+1]``, beyond the border the nearest pixel; products and sums rounded to float32 each.
    """

    def gives(self, maps: Maps) -> Maps:
        maps.require("EnlargeBilinear", ("real",), None)
        return _doubled(maps)


@dataclass(frozen=True, eq=False)
class Signs:
    """Bits as real numbers, +1 and −1: what a real layer takes that stands behind bits.

    Parameters
    ----------
    channels
        Of the bits.
    """

    channels: int

    def gives(self, maps: Maps) -> Maps:
        maps.require("Signs", ("bits",), self.channels)
        return replace(maps, kind="real")


@dataclass(frozen=True, eq=False)
class Cut:
    """Batch norm and activation in one compare: ``x ≥ cuts[i mod d1, j mod d2, c]``.

    Parameters
    ----------
    cuts
        (d1, d2, C); int32 for sums, float32 for real maps.
    flips
        ⌈C/32⌉ words: channels whose bits are inverted, those of negative γ.
    """

    cuts: NDArray[Any]
    flips: Words

    def __post_init__(self) -> None:
        kind = np.int32 if self.cuts.dtype == np.int32 else np.float32
        _check_array(self.cuts, "Cut.cuts", kind, 3)
        _check_array(self.flips, "Cut.flips", np.uint32, 1)
        channels = self.cuts.shape[2]
        if self.flips.size != word_count(channels):
            raise ValueError(f"{self.flips.size} words of flips for {channels} channels.")
        if np.isnan(self.cuts).any():
            raise ValueError("Cut.cuts holds values that are not numbers; no map may pass them.")

    def gives(self, maps: Maps) -> Maps:
        kind = "sums" if self.cuts.dtype == np.int32 else "real"
        maps.require("Cut", (kind,), self.cuts.shape[2])
        if (self.flips & ~channel_mask(maps.channels)).any():
            raise ValueError(f"Flips have bits beyond their {maps.channels} channels.")
        return replace(maps, kind="bits")


@dataclass(frozen=True, eq=False)
class Block:
    """Convolution, maxima of 2×2 sums if `pool`, batch norm and activation; gives bits."""

    conv: BitConv | RealConv
    pool: bool
    cut: Cut

    def gives(self, maps: Maps) -> Maps:
        sums = self.conv.gives(maps)
        if self.pool:
            if min(sums.height, sums.width) < 2:
                raise ValueError(f"Nothing to pool in {maps.height}×{maps.width} pixels.")
            sums = replace(sums, height=sums.height // 2, width=sums.width // 2)
        return self.cut.gives(sums)


@dataclass(frozen=True, eq=False)
class ScaleShift:
    """``(x · scale) · slope + offset`` per channel: the weights' scale and a batch norm."""

    scale: NDArray[np.float32]
    slope: NDArray[np.float32]
    offset: NDArray[np.float32]

    def __post_init__(self) -> None:
        for name in ("scale", "slope", "offset"):
            _check_array(getattr(self, name), f"ScaleShift.{name}", np.float32, 1)
            _check_finite(getattr(self, name), f"ScaleShift.{name}")
        if not self.scale.size == self.slope.size == self.offset.size:
            raise ValueError("ScaleShift needs as many scales as slopes and offsets.")

    def gives(self, maps: Maps) -> Maps:
        maps.require("ScaleShift", ("real", "sums"), self.scale.size)
        return replace(maps, kind="real")


@dataclass(frozen=True, eq=False)
class Residual:
    """``y = norm(conv(act(x))) + shortcut(x)`` on real maps.

    The shortcut is averaged over stride × stride pixels; channels that it lacks are 0.
    """

    act: Cut
    conv: BitConv
    norm: ScaleShift

    def gives(self, maps: Maps) -> Maps:
        branch = self.norm.gives(self.conv.gives(self.act.gives(maps)))
        # The two sides of the sum: a window of even size, padded or not, leaves another size.
        carried = tuple(-(-side // self.conv.stride) for side in (maps.height, maps.width))
        if branch.channels < maps.channels or (branch.height, branch.width) != carried:
            raise ValueError(
                "A residual unit keeps its channels or adds some, and keeps its size, but for the "
                f"stride; of {maps.channels} × {maps.height}×{maps.width} this one would make "
                f"{branch.channels} × {branch.height}×{branch.width}."
            )
        return branch


@dataclass(frozen=True, eq=False)
class GlobalMean:
    """Means over the map: (N, H, W, C) → (N, 1, 1, C)."""

    def gives(self, maps: Maps) -> Maps:
        maps.require("GlobalMean", ("real",), None)
        return replace(maps, height=1, width=1)


@dataclass(frozen=True, eq=False)
class BitDense:
    """Real linear layer on the bits of a whole map; weights float32 (H, W, C, O)."""

    weights: NDArray[np.float32]

    def __post_init__(self) -> None:
        _check_array(self.weights, "BitDense.weights", np.float32, 4)
        _check_finite(self.weights, "BitDense.weights")

    def gives(self, maps: Maps) -> Maps:
        height, width, channels, outputs = self.weights.shape
        maps.require("BitDense", ("bits",), channels)
        if (maps.height, maps.width) != (height, width):
            raise ValueError(
                f"BitDense takes {height}×{width} pixels; got {maps.height}×{maps.width}."
            )
        return Maps("real", outputs, 1, 1)


#: Layers by the name that files use.
LAYERS: dict[str, type] = {
    layer.__name__: layer
    for layer in (
        *(BitConv, BitDense, Block, Cut, Enlarge, EnlargeBilinear, GlobalMean),
        *(RealConv, Repeat, Residual, ScaleShift, Signs),
    )
}


def _doubled(maps: Maps) -> Maps:
    return replace(maps, height=2 * maps.height, width=2 * maps.width)


def _check_array(array: NDArray[Any], name: str, kind: type, ndim: int) -> None:
    if array.dtype != kind or array.ndim != ndim or array.size == 0:
        raise ValueError(
            f"{name} is {np.dtype(kind)} of {ndim} axes, not empty; "
            f"got {array.dtype} of shape {array.shape}."
        )
    if not array.flags.c_contiguous:
        raise ValueError(f"{name} is not contiguous.")


def _check_finite(array: NDArray[np.float32], name: str) -> None:
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds values that are not finite.")


def _check_window(weights: NDArray[Any], stride: int) -> None:
    if weights.shape[0] != weights.shape[1] or not 1 <= stride <= _MAX_STRIDE:
        raise ValueError(
            f"Windows are square and strides positive, {_MAX_STRIDE} at most; got "
            f"{weights.shape[:2]} and {stride}."
        )


def _windowed(maps: Maps, kind: str, outputs: int, size: int, stride: int, margin: int) -> Maps:
    height, width = ((side + 2 * margin - size) // stride + 1 for side in (maps.height, maps.width))
    if min(height, width) < 1:
        raise ValueError(
            f"Windows of {size}×{size} do not fit into {maps.height}×{maps.width} pixels."
        )
    return Maps(kind, outputs, height, width)


def weight_bits(conv: BitConv) -> NDArray[np.bool_]:
    """Weights of a `BitConv` one by one: (size, size, O, C)."""
    return unpack_bits(conv.words.swapaxes(2, 3), conv.channels)
