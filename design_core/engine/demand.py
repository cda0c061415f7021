"""What a packed network asks of the machine, known before anything of it runs.

Files come from strangers: a few hundred bytes may describe maps of any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from design_core.engine.bits import WORD, word_count
from design_core.engine.layers import (
    BitConv,
    BitDense,
    Block,
    Enlarge,
    Layer,
    Maps,
    RealConv,
    Residual,
)

__all__ = ["Demand", "demand"]

_WINDOW_BYTES = 96  # of each window, while the tables of its program are made
_WEIGHT_BYTES = 8  # of each word of weights, or four for each number, as a program reads them


@dataclass(frozen=True)
class Demand:
    """For one picture.

    Parameters
    ----------
    megabytes
        Of maps at once, at the layer that takes most.
    steps
        Words compared, real products, and values passed on.
    """

    megabytes: int
    steps: int


def demand(layers: Sequence[Layer], input_shape: tuple[int, int, int]) -> Demand:
    """What layers ask for pictures (C, H, W); ValueError if they do not fit each other."""
    maps, most, steps = Maps("real", *input_shape), 0, 0
    for layer in layers:
        given = layer.gives(maps)
        most = max(most, _bytes(maps) + _bytes(given) + _working_bytes(layer, maps))
        steps += _values(maps) + _steps(layer, maps)
        maps = given
    return Demand(most // 2**20, steps)


def _values(maps: Maps) -> int:
    return maps.channels * maps.height * maps.width


def _depth(maps: Maps) -> int:
    """Words or numbers of a pixel."""
    return word_count(maps.channels) if maps.kind == "bits" else maps.channels


def _bytes(maps: Maps) -> int:
    return 4 * maps.height * maps.width * _depth(maps)


def _working_bytes(layer: Any, maps: Maps) -> int:
    """Padded maps, tables, weights made ready, and what lies between the parts of a layer."""
    if isinstance(layer, Block):
        return _working_bytes(layer.conv, maps)
    if isinstance(layer, Enlarge):
        return _bytes(maps)
    if isinstance(layer, Residual):
        bits = layer.act.gives(maps)
        sums = _bytes(layer.conv.gives(bits))
        return _bytes(bits) + sums + _bytes(maps) + _working_bytes(layer.conv, bits)
    if isinstance(layer, BitConv | RealConv):
        given, margin = layer.gives(maps), layer.margin
        padded = Maps(maps.kind, maps.channels, maps.height + 2 * margin, maps.width + 2 * margin)
        window = layer.size**2 * _depth(maps)
        weights = window * WORD * word_count(given.channels) * _WEIGHT_BYTES
        planes = window * padded.height * padded.width * 4 if 2 * maps.channels <= WORD else 0
        tables = given.height * given.width * _WINDOW_BYTES
        return _bytes(padded) + weights + planes + tables
    return 0


def _steps(layer: Any, maps: Maps) -> int:
    """Words compared and real products."""
    if isinstance(layer, Block):
        return _steps(layer.conv, maps)
    if isinstance(layer, Residual):
        return _steps(layer.conv, layer.act.gives(maps))
    if isinstance(layer, BitConv | RealConv):
        given = layer.gives(maps)
        return _values(given) * layer.size**2 * _depth(maps)
    if isinstance(layer, BitDense):
        pixels, outputs = maps.height * maps.width, layer.gives(maps).channels
        return pixels * _depth(maps) * WORD * outputs
    return 0
