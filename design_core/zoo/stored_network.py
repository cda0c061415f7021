"""A network as a checkpoint stores it, described for the 1-bit engine without PyTorch.

The names are those of the state dict of `VggSmall`, `ResNet` and `EncoderDecoder`. Binary weights
are bytes of eight bits each; their shapes follow from the channels before and after.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.engine.folding import (
    SEVERAL_PLANES,
    SIGN,
    Chain,
    ChainBlock,
    Described,
    Norm,
    PictureBits,
    PixelChain,
    ResidualChain,
    Unit,
    UnpackableError,
    Weights,
)
from design_core.networks.facts import PIXEL_NETWORKS, PLANE_OPTIONS

__all__ = ["described"]

Arrays = Mapping[str, NDArray[Any]]
Values = NDArray[np.float32]

_CHAINS, _RESIDUAL_CHAINS = ("vgg_small", "tiny"), ("resnet18", "resnet20")
_FORMS = {"sign", "design", "uniform", "centred", "learned", "hardtanh", "relu"}
_WINDOW = 3  # every convolution's


def described(
    network: Mapping[str, Any], arrays: Arrays, input_shape: tuple[int, int, int]
) -> Described:
    """What the engine needs to know of a stored network.

    Parameters
    ----------
    network
        Name and options, as in the checkpoint's header.
    arrays
        Its tensors; binary weights as bits.
    input_shape
        (C, H, W) of its pictures.

    Raises
    ------
    UnpackableError
        A network that only PyTorch can run: of another kind, with options left out, with real
        activations, or with errors diffused over its picture.
    ValueError, KeyError
        Arrays that do not fit each other, or too few.
    """
    name = str(network["name"])
    if name not in (*_CHAINS, *_RESIDUAL_CHAINS, *PIXEL_NETWORKS):
        raise UnpackableError(f"Only PyTorch knows how {name} is built.")
    needed = {"activation", "padding", *(("stages", "middle") if name in PIXEL_NETWORKS else ())}
    if not needed <= network.keys():
        raise UnpackableError(f"Only PyTorch knows the defaults of {name}, which are left out.")
    if network.get("binarizer") == "abc" or any(network.get(key, 1) != 1 for key in PLANE_OPTIONS):
        raise UnpackableError(SEVERAL_PLANES)
    activation = str(network["activation"])
    if strange := {part.partition(":")[0] for part in activation.split(" then ")} - _FORMS:
        raise UnpackableError(f"Only PyTorch knows what {min(strange)} makes of its thresholds.")
    if network.get("low_pass"):
        raise UnpackableError("Only PyTorch smooths maps before their thresholds.")
    stored = _Stored(network, arrays, input_shape)
    if name in PIXEL_NETWORKS:
        return stored.pixel_chain()
    return stored.chain() if name in _CHAINS else stored.residual_chain()


class _Stored:
    """Arrays by their names."""

    def __init__(
        self, network: Mapping[str, Any], arrays: Arrays, input_shape: tuple[int, int, int]
    ) -> None:
        self.network = network
        self.arrays = arrays
        self.colours, self.side, _ = input_shape
        self.padding = str(network["padding"])
        self.has_sign = "sign" in str(network["activation"]).split(" then ")

    def chain(self) -> Chain:
        picture = self.picture()
        # The second convolution of a stage is pooled.
        blocks, channels = self.blocks(picture, lambda index: (index % 2 == 1, False))
        side = self.side // 2 ** (len(blocks) // 2)
        head_norm = self.norm("head.norm")
        shape = (len(head_norm.slope), channels * side * side)
        return Chain(picture, blocks, self.weights("head.linear", shape), head_norm)

    def pixel_chain(self) -> PixelChain:
        picture = self.picture()
        halving, middle = (int(self.network[key]) for key in ("stages", "middle"))
        blocks, channels = self.blocks(
            picture, lambda index: (index < halving, index >= halving + middle)
        )
        head_norm = self.norm("head.norm")
        head = self.weights("head.conv", (len(head_norm.slope), channels, 1, 1))
        return PixelChain(picture, blocks, head, head_norm)

    def blocks(
        self, picture: PictureBits | None, place: Callable[[int], tuple[bool, bool]]
    ) -> tuple[list[ChainBlock], int]:
        """All blocks, and the channels behind them; `place` says of each if it pools, enlarges."""
        blocks, channels = [], self.channels(picture)
        for index, name in enumerate(self.numbered("blocks.block")):
            # A real picture is centred: 0 is its neutral border, whatever that of the maps is.
            padding = self.padding if index or picture else "zero"
            norm = self.norm(f"{name}.norm")
            conv = self.conv(f"{name}.conv", norm, channels, padding=padding)
            pool, enlarge = place(index)
            given = self.thresholds(f"{name}.act")
            blocks.append(ChainBlock(conv, pool, norm, given, enlarge=enlarge))
            channels = len(norm.slope)
        return blocks, channels

    def residual_chain(self) -> ResidualChain:
        picture = self.picture()
        stem_norm = self.norm("stem.1")
        stem = self.conv("stem.0", stem_norm, self.channels(picture), padding=self.padding)
        units, channels = [], len(stem_norm.slope)
        for name in self.numbered("units.unit"):
            norm = self.norm(f"{name}.norm")
            outputs = len(norm.slope)
            # Where a stage begins, channels double and sides halve.
            stride = 1 if outputs == channels else 2
            conv = self.conv(f"{name}.conv", norm, channels, padding=self.padding, stride=stride)
            units.append(Unit(self.thresholds(f"{name}.act"), conv, norm))
            channels = outputs
        bias = self.arrays["head.1.bias"]
        head = self.weights("head.1", (len(bias), channels))
        return ResidualChain(picture, stem, stem_norm, units, self.norm("head.0"), head, bias)

    def picture(self) -> PictureBits | None:
        """What cuts the picture, None for real ones."""
        cut = str(self.network.get("picture", "real"))
        if cut == "real":
            return None
        if cut == "sign":
            return PictureBits(SIGN)
        thresholds = self.arrays.get("picture.act.thresholds")
        if thresholds is None:
            raise UnpackableError(f"Only PyTorch cuts pictures by {cut}.")
        return PictureBits(thresholds, len(thresholds) if cut.startswith("thermometer") else 1)

    def channels(self, picture: PictureBits | None) -> int:
        """What the first layer takes."""
        return self.colours * (picture.copies if picture else 1)

    def numbered(self, prefix: str) -> Iterator[str]:
        """The names of blocks 1, 2, … as far as there are any."""
        number = 1
        while f"{prefix}{number}.conv.weight" in self.arrays:
            yield f"{prefix}{number}"
            number += 1

    def thresholds(self, name: str) -> Values:
        """Of an activation that gives bits."""
        found = self.arrays.get(f"{name}.thresholds")
        if found is None and not self.has_sign:
            raise UnpackableError(f"{self.network['activation']} keeps real values.")
        return SIGN if found is None else found

    def norm(self, name: str) -> Norm:
        """A batch norm."""
        mean, variance = (self.arrays[f"{name}.running_{part}"] for part in ("mean", "var"))
        return Norm.of(
            mean, variance, self.arrays.get(f"{name}.weight"), self.arrays.get(f"{name}.bias")
        )

    def conv(
        self, name: str, norm: Norm, channels: int, *, padding: str, stride: int = 1
    ) -> Weights:
        """A convolution of as many outputs as the norm behind it has channels."""
        shape = (len(norm.slope), channels, _WINDOW, _WINDOW)
        return self.weights(name, shape, padding=padding, stride=stride)

    def weights(
        self, name: str, shape: tuple[int, ...], *, padding: str = "one", stride: int = 1
    ) -> Weights:
        """Weights of a shape, real or bits with their scale."""
        values = self.arrays[f"{name}.weight"]
        if values.dtype != np.uint8:
            if values.shape != shape:
                raise ValueError(f"{name} has weights of shape {values.shape}, not {shape}")
            return Weights(values, binary=False)
        if values.shape != (-(-math.prod(shape) // 8),):
            raise ValueError(f"{name} has {values.size} bytes of bits for weights of shape {shape}")
        bits = np.unpackbits(values, count=math.prod(shape), bitorder="little").reshape(shape)
        signs = bits.astype(np.float32) * 2 - 1
        return Weights(signs, True, self.arrays.get(f"{name}.binarizer.scale"), stride, padding)
