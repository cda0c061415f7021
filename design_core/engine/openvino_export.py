"""A packed network as OpenVINO IR: binary layers stay binary there, as ``BinaryConvolution``.

OpenVINO's CPU plugin has a 1-bit convolution that no converter writes. Here it is written from the
packed layers themselves, thresholds and all; PyTorch is not needed. What had to be found out:

- Weights are ``u1``, the first of each octet in its lowest bit. A pad value of 1 means +1 beyond
  the border, −1 means −1, and 0 that the border lacks it: the three paddings of `BitConv`.
- Bits come from a ``FakeQuantize`` of two levels whose outputs are 0 and 1; outputs of −1 and 1 are
  silently wrong. It fires **above** its input level. Whole sums are compared with the threshold
  minus one half, real ones with it minus the smallest float32.
- Thresholds are subtracted before it: that is the only way for those that differ from pixel to
  pixel, and the faster one for all.
- Channels that are no multiple of 8 are silently wrong, or refused: such a layer, which is the
  first where a picture is cut, becomes a convolution of ±1 as float32, exact as well.
- The plugin compiles binary layers for one batch size, which is part of the model: 1 unless asked,
  and another by ``model.reshape``.

OpenVINO computes real layers in bfloat16 where the processor has it, unless it is compiled with
``{"INFERENCE_PRECISION_HINT": "f32"}``, as the scores here are meant.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatchmethod
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as op

from design_core.atomic import write_atomically
from design_core.engine.bits import unpack_bits
from design_core.engine.layers import (
    BitConv,
    BitDense,
    Block,
    Cut,
    GlobalMean,
    Layer,
    Maps,
    RealConv,
    Repeat,
    Residual,
    ScaleShift,
    weight_bits,
)
from design_core.engine.network import PackedNetwork

__all__ = ["export_openvino", "openvino_model"]

#: Binary layers of other numbers of channels run wrongly.
_OCTET = 8

Node = Any


def export_openvino(network: PackedNetwork, path: Path | str, *, batch: int = 1) -> None:
    """Write a packed network as OpenVINO IR: ``path`` and, beside it, its weights as ``.bin``.

    Parameters
    ----------
    path
        Ends in ``.xml``.
    batch
        Pictures at a time.

    Raises
    ------
    ValueError
        Another ending, or a batch of less than 1.
    """
    path = Path(path)
    if path.suffix != ".xml":
        raise ValueError(f"OpenVINO's files are called NAME.xml and NAME.bin; got {path.name!r}.")
    model = openvino_model(network, batch=batch)
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "network.xml"
        ov.serialize(model, written)
        # Weights first: a description without them would be of no use.
        write_atomically(path.with_suffix(".bin"), written.with_suffix(".bin").read_bytes())
        write_atomically(path, written.read_bytes())


def openvino_model(network: PackedNetwork, *, batch: int = 1) -> ov.Model:
    """A packed network as an OpenVINO model: ``pictures`` (N, C, H, W) in, ``scores`` (N, K) out.

    Its ``rt_info`` says how pictures are fed, where the network knows, see `PictureForm.metadata`.

    Raises
    ------
    ValueError
        A batch of less than 1.
    """
    if batch < 1:
        raise ValueError(f"A batch is of 1 picture or more; got {batch}.")
    pictures = op.parameter([batch, *network.input_shape], ov.Type.f32, name="pictures")
    pictures.output(0).set_names({"pictures"})
    graph = _Graph(pictures, Maps("real", *network.input_shape))
    for layer in network.layers:
        graph.add(layer)
    scores = op.reshape(graph.node, op.constant(np.array([0, -1])), special_zero=True)
    scores.output(0).set_names({"scores"})
    model = ov.Model([op.result(scores)], [pictures], "design")
    if network.pictures is not None:
        for key, text in network.pictures.metadata().items():
            model.set_rt_info(text, [key])
    return model


@dataclass(frozen=True)
class _Bits:
    """Bits that are still numbers: 1 where ``x > level``, inverted in the channels of `flips`.

    Parameters
    ----------
    x
        Maps with their thresholds subtracted.
    flips
        (C,), 1 where inverted.
    """

    x: Node
    level: np.float32
    flips: NDArray[np.float32]


class _Graph:
    """The node that was added last, and the maps that it gives."""

    def __init__(self, node: Node, maps: Maps) -> None:
        self.node = node
        self.maps = maps
        self.bits: _Bits | None = None

    def taken_bits(self) -> _Bits:
        """The bits of the cut before, which what follows turns into what it needs."""
        assert self.bits is not None
        bits, self.bits = self.bits, None
        return bits

    @singledispatchmethod
    def add(self, layer: Layer) -> None:
        raise ValueError(
            f"A network with {type(layer).__name__}, which gives each pixel a class, is not "
            "exported to OpenVINO. Export it packed."
        )

    @add.register
    def _(self, layer: Block) -> None:
        self.add(layer.conv)
        if layer.pool:
            self.pool()
        self.add(layer.cut)

    def pool(self) -> None:
        maps = self.maps
        self.node = op.max_pool(
            self.node, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2], "floor", axis=1
        ).output(0)
        self.maps = Maps(maps.kind, maps.channels, maps.height // 2, maps.width // 2)

    @add.register
    def _(self, layer: Cut) -> None:
        rows, columns, channels = layer.cuts.shape
        # As few numbers as broadcast: a threshold per channel, or one for each pixel.
        height, width = (1, 1) if rows == columns == 1 else (self.maps.height, self.maps.width)
        tiled = layer.cuts[np.arange(height) % rows][:, np.arange(width) % columns]
        thresholds = np.ascontiguousarray(tiled.transpose(2, 0, 1), np.float32)[None]
        whole = layer.cuts.dtype == np.int32
        level = np.float32(-0.5) if whole else -np.finfo(np.float32).tiny
        flips = unpack_bits(layer.flips, channels).astype(np.float32)
        self.bits = _Bits(op.subtract(self.node, op.constant(thresholds)), level, flips)
        self.maps = layer.gives(self.maps)

    @add.register
    def _(self, layer: BitConv) -> None:
        bits = self.taken_bits()
        if layer.channels % _OCTET:
            self.node = self.multiplied(layer, bits)
        else:
            self.node = self.counted(layer, bits)
        self.maps = layer.gives(self.maps)

    def counted(self, layer: BitConv, bits: _Bits) -> Node:
        """Sums by ``BinaryConvolution``."""
        x, margin = bits.x, layer.margin
        if layer.padding == "replicate" and margin:
            x, margin = op.pad(x, *_ends(margin), "edge"), 0
        low = bits.flips[:, None, None][None]
        level = np.full_like(low, bits.level)
        quantized = op.fake_quantize(x, level, level, low, 1 - low, 2)
        # (size, size, O, C) → (O, C, size, size)
        weights = weight_bits(layer).transpose(2, 3, 0, 1)
        octets = np.packbits(weights.reshape(-1), bitorder="little")
        return op.binary_convolution(
            quantized,
            ov.op.Constant(ov.Tensor(octets, list(weights.shape), ov.Type.u1), shared_memory=False),
            [layer.stride] * 2,
            [margin] * 2,
            [margin] * 2,
            [1, 1],
            "xnor-popcount",
            1.0 if layer.padding == "one" else 0.0,
        )

    def multiplied(self, layer: BitConv, bits: _Bits) -> Node:
        """Sums by a convolution of ±1 as float32."""
        signs, margin = _signs(bits, np.float32(-1)), layer.margin
        if layer.padding != "zero" and margin:
            fill = op.constant(np.float32(1))
            mode = "edge" if layer.padding == "replicate" else "constant"
            signs, margin = op.pad(signs, *_ends(margin), mode, fill), 0
        weights = np.where(weight_bits(layer).transpose(2, 3, 0, 1), 1, -1).astype(np.float32)
        return _convolution(signs, weights, layer.stride, margin)

    @add.register
    def _(self, layer: RealConv) -> None:
        weights = np.ascontiguousarray(layer.weights.transpose(3, 2, 0, 1))
        self.node = _convolution(self.node, weights, layer.stride, layer.margin)
        self.maps = layer.gives(self.maps)

    @add.register
    def _(self, layer: BitDense) -> None:
        # Σ ±w = 2 Σ bit·w − Σ w, added up in float32.
        bits = _signs(self.taken_bits(), np.float32(0))
        weights = layer.weights.transpose(2, 0, 1, 3).reshape(-1, layer.weights.shape[3])
        flat = op.reshape(bits, op.constant(np.array([0, -1])), special_zero=True)
        sums = op.matmul(flat, op.constant(2 * weights), False, False)
        whole = weights.sum(axis=0, dtype=np.float64).astype(np.float32)
        scores = op.subtract(sums, op.constant(whole[None]))
        self.node = op.reshape(scores, op.constant(np.array([0, -1, 1, 1])), special_zero=True)
        self.maps = layer.gives(self.maps)

    @add.register
    def _(self, layer: ScaleShift) -> None:
        scaled = op.multiply(self.node, op.constant(_per_channel(layer.scale)))
        sloped = op.multiply(scaled, op.constant(_per_channel(layer.slope)))
        self.node = op.add(sloped, op.constant(_per_channel(layer.offset)))
        self.maps = layer.gives(self.maps)

    @add.register
    def _(self, layer: Repeat) -> None:
        order = np.repeat(np.arange(self.maps.channels), layer.copies)
        self.node = op.gather(self.node, op.constant(order), op.constant(np.array(1)))
        self.maps = layer.gives(self.maps)

    @add.register
    def _(self, _layer: GlobalMean) -> None:
        self.node = op.reduce_mean(self.node, op.constant(np.array([2, 3])), True)
        self.maps = _layer.gives(self.maps)

    @add.register
    def _(self, layer: Residual) -> None:
        carried, given, stride = self.node, self.maps, layer.conv.stride
        self.add(layer.act)
        self.add(layer.conv)
        self.add(layer.norm)
        if stride > 1:
            # Maps smaller than a window, which OpenVINO refuses, are all averaged.
            window = [min(stride, side) for side in (given.height, given.width)]
            carried = op.avg_pool(carried, [stride] * 2, [0, 0], [0, 0], window, True, "ceil")
        missing = self.maps.channels - given.channels
        if missing:
            ends = (op.constant(np.array([0, n, 0, 0])) for n in (0, missing))
            carried = op.pad(carried, *ends, "constant", op.constant(np.float32(0)))
        self.node = op.add(self.node, carried)


def _signs(bits: _Bits, low: np.float32) -> Node:
    """1 and `low` for bits as float32."""
    fires = op.greater(bits.x, op.constant(np.array(bits.level)))
    if bits.flips.any():
        flips = bits.flips.astype(bool)[:, None, None][None]
        fires = op.logical_xor(fires, op.constant(flips))
    return op.select(fires, op.constant(np.float32(1)), op.constant(low))


def _convolution(x: Node, weights: NDArray[np.float32], stride: int, margin: int) -> Node:
    return op.convolution(x, op.constant(weights), [stride] * 2, [margin] * 2, [margin] * 2, [1, 1])


def _ends(margin: int) -> Sequence[Node]:
    """Pixels that a pad adds before and after each axis."""
    return [op.constant(np.array([0, 0, margin, margin]))] * 2


def _per_channel(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(C,) → (1, C, 1, 1)."""
    return values[:, None, None][None]
