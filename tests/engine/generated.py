"""Layers of all sizes, windows and strides, most of which fit each other and some do not.

As a program it runs many of them on both backends and fails if these differ, or if numba finds an
index out of bounds: start it with ``NUMBA_BOUNDSCHECK=1``, and with a cache folder of its own.
"""

from __future__ import annotations

import sys
from collections import Counter
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.engine.bits import pack_bits
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
from design_core.engine.network import PackedNetwork

# Around the vectors of 16 outputs and the words of 64 channels.
_CHANNELS = (1, 2, 3, 15, 16, 17, 33, 63, 64, 65)
_SIDES = (1, 2, 3, 4, 5, 7, 8, 11)
_PADDINGS = ("one", "replicate", "zero", "none")


class Generator:
    """Draws layers for given maps; what it draws need not fit them.

    Those of networks that give each pixel a class are among them unless `pixels` is False.
    """

    def __init__(self, seed: int, *, pixels: bool = True) -> None:
        self.draw, self.noise = Random(seed), np.random.default_rng(seed)
        self.pixels = pixels

    def network(self) -> tuple[list[Layer], tuple[int, int, int]]:
        """Layers and the shape (C, H, W) of their pictures."""
        channels = self.draw.choice((1, 3, 17))
        shape = (channels, self.draw.choice(_SIDES), self.draw.choice(_SIDES))
        maps, layers = Maps("real", *shape), []
        for _ in range(self.draw.randrange(1, 4)):
            layers.append(self._layer(maps))
            maps = layers[-1].gives(maps)
        layers += self._end(maps)
        return layers, shape

    def _layer(self, maps: Maps) -> Layer:
        if maps.kind == "bits":
            if self.pixels and (drawn := self.draw.random()) < 0.3:
                return Enlarge() if drawn < 0.15 else Signs(maps.channels)
            return Block(self._bit_conv(maps), self._coin(), self._cut("sums"))
        if maps.kind == "sums":
            return self._cut("sums", maps.channels)
        kinds = (
            lambda: Block(self._real_conv(maps), self._coin(), self._cut("real")),
            lambda: self._residual(maps),
            lambda: self._real_conv(maps),
            lambda: self._cut("real", maps.channels),
            lambda: self._scale_shift(maps.channels),
            lambda: Repeat(self.draw.randrange(1, 4)),
            *([EnlargeBilinear] if self.pixels else []),
        )
        return self.draw.choice(kinds)()

    def _end(self, maps: Maps) -> list[Layer]:
        """From any maps to class scores."""
        if maps.kind == "real":
            return [GlobalMean()]
        if maps.kind == "sums":
            return [self._scale_shift(maps.channels), GlobalMean()]
        if self._coin():
            shape = (maps.height, maps.width, maps.channels, self.draw.choice(_CHANNELS))
            return [BitDense(self._floats(*shape))]
        conv = self._bit_conv(maps)
        return [conv, self._scale_shift(self.outputs), GlobalMean()]

    def _residual(self, maps: Maps) -> Residual:
        act = self._cut("real", maps.channels)
        conv = self._bit_conv(Maps("bits", maps.channels, maps.height, maps.width))
        return Residual(act, conv, self._scale_shift(self.outputs))

    def _real_conv(self, maps: Maps) -> RealConv:
        size, self.outputs = self.draw.randrange(1, 6), self.draw.choice(_CHANNELS)
        weights = self._floats(size, size, maps.channels, self.outputs)
        return RealConv(weights, self.draw.randrange(1, 4))

    def _bit_conv(self, maps: Maps) -> BitConv:
        size, self.outputs = self.draw.randrange(1, 6), self.draw.choice(_CHANNELS)
        bits = self.noise.random((size, size, self.outputs, maps.channels)) < 0.5
        words = np.ascontiguousarray(pack_bits(bits).swapaxes(2, 3))
        return BitConv(words, maps.channels, self.draw.randrange(1, 4), self.draw.choice(_PADDINGS))

    def _cut(self, kind: str, channels: int = 0) -> Cut:
        channels = channels or self.outputs
        cuts = 3 * self._floats(self.draw.randrange(1, 5), self.draw.randrange(1, 5), channels)
        flips = pack_bits(self.noise.random(channels) < 0.5)
        return Cut(cuts.astype(np.int32) if kind == "sums" else cuts, flips)

    def _scale_shift(self, channels: int) -> ScaleShift:
        return ScaleShift(*(self._floats(channels) for _ in range(3)))

    def _floats(self, *shape: int) -> NDArray[np.float32]:
        return self.noise.standard_normal(shape).astype(np.float32)

    def _coin(self) -> bool:
        return self.draw.random() < 0.5


def outcome(seed: int) -> str:
    """``ran``, or ``refused`` by the geometry; AssertionError if the backends differ."""
    generator = Generator(seed)
    try:
        layers, shape = generator.network()
        networks = [PackedNetwork(layers, shape, backend=name) for name in ("numba", "numpy")]
    except ValueError:
        return "refused"
    x = generator.noise.standard_normal((2, *shape)).astype(np.float32)
    ours, theirs = (network.maps(x) for network in networks)
    for layer, one, other in zip(layers, ours, theirs, strict=True):
        same: Any = np.array_equal if one.dtype != np.float32 else np.allclose
        assert same(one, other), (seed, type(layer).__name__)
    return "ran"


if __name__ == "__main__":
    counts = Counter(outcome(seed) for seed in range(int(sys.argv[1])))
    print(counts["ran"], counts["refused"])
