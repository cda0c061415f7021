"""What a network consists of, layer by layer: shapes, parameters, multiply-accumulates, bytes.

Three questions that every user of binary networks asks are answered here: is it really binary,
how large is the file, and what share of the work is 1-bit work.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from design_core.networks.intermediate import activation_maps
from design_core.networks.layers import BinaryLayer

__all__ = ["LayerSummary", "NetworkSummary", "summary"]


@dataclass(frozen=True)
class LayerSummary:
    """One layer that computes or holds parameters.

    Parameters
    ----------
    name, kind
        Its name in the network, and its class.
    output
        Shape of its output for one picture.
    binary_parameters, real_parameters
        1-bit weights; 32-bit weights, biases, scales, and batch-norm statistics.
    binary_macs, real_macs
        Multiply-accumulates per picture on ±1 weights, and on real ones. Where weights or
        activations have several planes of bits, each pair of planes counts.
    latent_bytes, packed_bytes
        With every parameter as float32, and with one bit per 1-bit weight.
    weight_planes
        1-bit weights for each latent one.
    density
        Activation density: share of outputs above 0; None where not measured.
    block
        Of an activation: the name of its maps.
    """

    name: str
    kind: str
    output: tuple[int, ...]
    binary_parameters: int = 0
    real_parameters: int = 0
    binary_macs: int = 0
    real_macs: int = 0
    weight_planes: int = 1
    density: float | None = None
    block: str | None = None

    @property
    def latent_bytes(self) -> int:
        return 4 * (self.binary_parameters // self.weight_planes + self.real_parameters)

    @property
    def packed_bytes(self) -> int:
        return math.ceil(self.binary_parameters / 8) + 4 * self.real_parameters


@dataclass(frozen=True)
class NetworkSummary:
    """All layers of a network in the order of computation, and their totals.

    ``str(…)`` is the table for people.
    """

    layers: tuple[LayerSummary, ...]

    def total(self, quantity: str) -> int:
        """Sum of a count over the layers, such as ``binary_macs`` or ``packed_bytes``."""
        return sum(getattr(layer, quantity) for layer in self.layers)

    @property
    def binary_share(self) -> float:
        """Share of the multiply-accumulates that are 1-bit; 0 where there are none."""
        binary, real = self.total("binary_macs"), self.total("real_macs")
        return binary / max(1, binary + real)

    def with_densities(self, by_block: Mapping[str, float]) -> NetworkSummary:
        """The same with the activation densities that were measured elsewhere."""
        layers = (
            replace(layer, density=by_block.get(layer.block)) if layer.block else layer
            for layer in self.layers
        )
        return NetworkSummary(tuple(layers))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        totals = {quantity: self.total(quantity) for quantity in _COUNTS}
        return {
            "layers": [
                {
                    **asdict(layer),
                    "latent_bytes": layer.latent_bytes,
                    "packed_bytes": layer.packed_bytes,
                }
                for layer in self.layers
            ],
            "total": {**totals, "binary_share": self.binary_share},
        }

    def __str__(self) -> str:
        rows: list[tuple[str, ...]] = [_HEADINGS]
        for layer in self.layers:
            density = "" if layer.density is None else f"{layer.density:.1%}"
            counts = [f"{getattr(layer, quantity):,}" for quantity in _COUNTS]
            shape = "×".join(map(str, layer.output))
            rows.append((layer.name, layer.kind, shape, *counts, density))
        totals = [f"{self.total(quantity):,}" for quantity in _COUNTS]
        rows.append(("total", "", "", *totals, ""))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [_aligned(row, widths) for row in rows]
        rule = "─" * max(map(len, lines))
        share = f"{self.binary_share:.1%} of the multiply-accumulates are 1-bit."
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1], share])


_COUNTS = (
    "binary_parameters",
    "real_parameters",
    "binary_macs",
    "real_macs",
    "latent_bytes",
    "packed_bytes",
)
_HEADINGS = (
    *("layer", "kind", "output"),
    *("1-bit par.", "32-bit par.", "1-bit MACs", "32-bit MACs", "latent B", "packed B"),
    "density",
)


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    """Words to the left, numbers to the right."""
    words = [text.ljust(width) for text, width in zip(row[:3], widths[:3], strict=True)]
    numbers = [text.rjust(width) for text, width in zip(row[3:], widths[3:], strict=True)]
    return "  ".join([*words, *numbers]).rstrip()


def summary(
    model: nn.Module, input_shape: tuple[int, int, int], *, batch: Tensor | None = None
) -> NetworkSummary:
    """Summarize a network for pictures of the shape (C, H, W).

    Parameters
    ----------
    batch
        Normalized pictures (N, C, H, W) on which to measure the activation density.
    """
    # A copy without memory: nothing is computed, and no hook touches the network itself.
    shadow = copy.deepcopy(model).to("meta").eval()
    picture = torch.zeros(1, *input_shape, device="meta")
    blocks = {id(tap.activation): tap.name for tap in activation_maps(shadow, picture)[1]}
    within = {id(part) for layer in shadow.modules() for part in _parts(layer)}
    layers: list[LayerSummary] = []

    def record(name: str, module: nn.Module, output: Tensor) -> None:
        layer = _layer(name, module, tuple(output.shape[1:]))
        layers.append(replace(layer, block=blocks.get(id(module))))

    for name, module in shadow.named_modules():
        counts = id(module) in blocks or any(True for _ in module.parameters(recurse=False))
        if isinstance(module, _COUNTED) or (counts and id(module) not in within):
            module.register_forward_hook(
                lambda module, _, output, name=name: record(name, module, output)
            )
    shadow(picture)
    counted = NetworkSummary(tuple(layers))
    if batch is None:
        return counted
    return counted.with_densities(
        {tap.name: tap.density() for tap in activation_maps(model, batch)[1]}
    )


_COUNTED = (BinaryLayer, nn.Conv2d, nn.Linear, _BatchNorm)


def _parts(layer: nn.Module) -> Iterator[nn.Module]:
    """What a binary layer consists of, which it counts itself."""
    return layer.children() if isinstance(layer, BinaryLayer) else iter(())


def _layer(name: str, module: nn.Module, output: tuple[int, ...]) -> LayerSummary:
    kind = type(module).__name__
    if isinstance(module, BinaryLayer):
        bits, scale = module.binary_weight()
        return LayerSummary(
            name,
            kind,
            output,
            binary_parameters=bits.numel(),
            real_parameters=0 if scale is None else scale.numel(),
            binary_macs=math.prod(output) * module.fan_in * module.planes,
            weight_planes=module.binarizer.planes,
        )
    if isinstance(module, nn.Conv2d | nn.Linear):
        fan_in = math.prod(module.weight.shape[1:])
        count = sum(parameter.numel() for parameter in module.parameters())
        macs = math.prod(output) * fan_in
        return LayerSummary(name, kind, output, real_parameters=count, real_macs=macs)
    if isinstance(module, _BatchNorm):
        # γ and β if learned, and the running mean and variance.
        count = module.num_features * (4 if module.affine else 2)
        return LayerSummary(name, kind, output, real_parameters=count)
    # Activations, and layers of a kind that is not known here, of which only the numbers count.
    tensors = [*module.parameters(recurse=False), *module.buffers(recurse=False)]
    count = sum(tensor.numel() for tensor in tensors)
    return LayerSummary(name, kind, output, real_parameters=count)
