"""What a packed network consists of: its bytes, part by part, and what its layers multiply.

Two questions are answered from the packed numbers themselves: why the file is not 32 times
smaller, and whether the network is really binary.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from design_core.engine.bits import unpack_bits
from design_core.engine.files import stored_bytes
from design_core.engine.layers import BitConv, BitDense, Block, Layer, Maps, RealConv, Residual
from design_core.engine.network import PackedNetwork

__all__ = ["LayerFacts", "Part", "file_parts", "layer_facts"]


@dataclass(frozen=True)
class Part:
    """Part of a network, as float32 and in the packed file.

    Parameters
    ----------
    float_bytes, file_bytes
        Bytes of it in either form.
    """

    name: str
    float_bytes: int
    file_bytes: int


@dataclass(frozen=True)
class LayerFacts:
    """One layer with weights, as it is on the engine.

    Parameters
    ----------
    name
        ``1`` for the first layer, and so on.
    binary
        Whether its weights are bits.
    weights, distinct_weights
        How many, and how many different ones.
    distinct_inputs
        Different values that it was given for a picture.
    memory_bytes
        Of the weights in memory.
    """

    name: str
    binary: bool
    weights: int
    distinct_weights: int
    distinct_inputs: int
    memory_bytes: int


def file_parts(packed: PackedNetwork, *, file_bytes: int, float_bytes: int) -> tuple[Part, ...]:
    """Divide a packed file, and the float32 network that it came from, by what the bytes are for.

    Parameters
    ----------
    file_bytes
        Of the packed file.
    float_bytes
        Of the network's state with every number as float32.
    """
    convolutions = list(_convolutions(packed.layers))
    bits = [conv for conv in convolutions if isinstance(conv, BitConv)]
    real = [conv for conv in convolutions if not isinstance(conv, BitConv)]
    first = [conv for conv in real if conv is convolutions[0]]
    last = [conv for conv in real if conv is not convolutions[0]]
    count = sum(_count(conv) for conv in bits)
    parts = [
        Part("binary weights", 4 * count, sum(stored_bytes(conv) for conv in bits)),
        Part("first layer, real", *[sum(conv.weights.nbytes for conv in first)] * 2),
        Part("last layer, real", *[sum(conv.weights.nbytes for conv in last)] * 2),
    ]
    thresholds = sum(map(stored_bytes, packed.layers)) - sum(part.file_bytes for part in parts)
    rest = float_bytes - sum(part.float_bytes for part in parts)
    header = file_bytes - sum(map(stored_bytes, packed.layers))
    parts += [Part("batch norm and thresholds", rest, thresholds), Part("header", 0, header)]
    return tuple(part for part in parts if part.file_bytes or part.float_bytes)


def layer_facts(packed: PackedNetwork, pictures: ArrayLike) -> tuple[LayerFacts, ...]:
    """Count the different weights of each layer, and the different values that reach it.

    Parameters
    ----------
    pictures
        Normalized pictures (N, C, H, W) that go through the network.
    """
    x: NDArray[Any] = np.asarray(pictures, dtype=np.float32).transpose(0, 2, 3, 1)
    given = [x, *packed.maps(pictures)]
    facts: list[LayerFacts] = []
    for layer, received in zip(packed.layers, given, strict=False):
        for conv in _convolutions([layer]):
            if isinstance(layer, Residual):  # what the convolution gets is cut from the real sum
                maps = Maps("real", received.shape[3], *received.shape[1:3])
                received = packed.routines.program([layer.act], maps)(received)
            binary = isinstance(conv, BitConv)
            facts.append(
                LayerFacts(
                    name=str(len(facts) + 1),
                    binary=binary,
                    weights=_count(conv),
                    distinct_weights=_distinct_weights(conv),
                    distinct_inputs=_distinct_values(received, conv),
                    memory_bytes=(conv.words if isinstance(conv, BitConv) else conv.weights).nbytes,
                )
            )
    return tuple(facts)


def _convolutions(layers: Any) -> Iterator[BitConv | RealConv | BitDense]:
    """All layers with weights, in the order of computation."""
    for layer in layers:
        inner: Layer = layer.conv if isinstance(layer, Block | Residual) else layer
        if isinstance(inner, BitConv | RealConv | BitDense):
            yield inner


def _count(conv: BitConv | RealConv | BitDense) -> int:
    if isinstance(conv, BitConv):
        return conv.fan_in * int(conv.words.shape[3])
    return int(conv.weights.size)


def _distinct_weights(conv: BitConv | RealConv | BitDense) -> int:
    if not isinstance(conv, BitConv):
        return np.unique(conv.weights).size
    return np.unique(unpack_bits(conv.words.swapaxes(2, 3), conv.channels)).size


def _distinct_values(maps: NDArray[Any], conv: BitConv | RealConv | BitDense) -> int:
    """Different values of maps, packed ones unpacked."""
    if maps.dtype == np.uint32:
        channels = conv.channels if isinstance(conv, BitConv) else conv.weights.shape[2]
        return np.unique(unpack_bits(maps, channels)).size
    return int(np.unique(maps).size)
