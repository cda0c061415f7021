"""Two networks walked through side by side on one picture: every layer's maps, and their bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from design_core.activations import LearnedDeSign
from design_core.kernels.kernel import ThresholdKernel
from design_core.lab.layer_kernels import kernel_as_it_stands
from design_core.networks import ActivationMaps, activation_maps
from design_core.networks.activation import (
    Kernels,
    activation_kernels,
    of_layer,
)
from design_core.networks.facts import PICTURE
from design_core.networks.swap import with_kernel, with_picture
from design_core.pictures import Picture
from design_core.scores import activation_density, total_variation
from design_core.zoo.checkpoint import Checkpoint

__all__ = ["ORDERS", "LayerWalk", "Walk", "Walker", "walk"]

#: What channels are ranked by.
ORDERS = ("difference", "density", "tv")

Maps = NDArray[np.float32]
Bits = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Walker:
    """A network on the walk.

    Parameters
    ----------
    checkpoint
        A trained network.
    kernels
        What its activations cut with; None for plain Sign and for real ones.
    """

    checkpoint: Checkpoint
    kernels: Kernels

    @property
    def is_binary(self) -> bool:
        """Whether its activations give bits."""
        return self.checkpoint.spec.gives_bits

    @classmethod
    def trained(cls, checkpoint: Checkpoint) -> Walker:
        """The network with the activation that it was trained with."""
        return cls(checkpoint, activation_kernels(checkpoint.spec.activation))

    @classmethod
    def swapped(cls, checkpoint: Checkpoint, kernel: ThresholdKernel | None) -> Walker:
        """The network with another kernel; see `design_core.networks.swap.with_kernel`."""
        return cls(replace(checkpoint, model=with_kernel(checkpoint.model, kernel)), (kernel,))

    @classmethod
    def seeing(cls, checkpoint: Checkpoint, kernel: ThresholdKernel | None) -> Walker:
        """The network with another picture cut; see `design_core.networks.swap.with_picture`."""
        return cls.trained(replace(checkpoint, model=with_picture(checkpoint.model, kernel)))


@dataclass(frozen=True, eq=False)
class LayerWalk:
    """One layer of both networks.

    Parameters
    ----------
    name
        Of the block.
    x
        What the activations receive: float32 (C, H, W), one of either network.
    bits
        Where their outputs are above 0, the same shape.
    kernels
        What either network cuts with here; None for plain Sign and real activations.
    """

    name: str
    x: tuple[Maps, Maps]
    bits: tuple[Bits, Bits]
    kernels: tuple[ThresholdKernel | None, ThresholdKernel | None] = (None, None)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        channels, height, width = self.bits[0].shape
        return channels, height, width

    @property
    def differing(self) -> Floats:
        """Share of bits that differ, by channel; shape (C,)."""
        return activation_density(self.bits[0] ^ self.bits[1])

    @property
    def density(self) -> tuple[Floats, Floats]:
        """Share of bits that fire, by channel; shape (C,) of either network."""
        return activation_density(self.bits[0]), activation_density(self.bits[1])

    @property
    def total_variation(self) -> tuple[Floats, Floats]:
        """Total variation of the bits, by channel; shape (C,) of either network."""
        return total_variation(self.bits[0]), total_variation(self.bits[1])

    @property
    def by_chance(self) -> float:
        """Share of bits that would differ if the maps had nothing to do with each other.

        Of independent bits that fire with densities p and q, ``p(1 − q) + q(1 − p)`` differ; the
        mean over the channels. Channels of networks that were trained apart need not correspond.
        """
        p, q = self.density
        return float(np.mean(p * (1 - q) + q * (1 - p)))

    def ranked(self, by: str) -> NDArray[np.int64]:
        """Channels in falling order of one of `ORDERS`; of density and TV, the larger one counts.

        Raises
        ------
        ValueError
            Another order.
        """
        if by not in ORDERS:
            raise ValueError(f"Channels are ranked by {', '.join(ORDERS)}; got {by!r}.")
        if by == "difference":
            values = self.differing
        else:
            values = np.maximum(*(self.density if by == "density" else self.total_variation))
        return np.argsort(-values, kind="stable")


@dataclass(frozen=True, eq=False)
class Walk:
    """All layers of both networks, and what each says in the end.

    Parameters
    ----------
    layers
        In the order of computation.
    probabilities
        By class, the most probable first; of either network.
    same_weights
        Whether it is one network with two activations. Only then is channel c of one the
        channel c of the other; networks that were trained apart share no such order.
    is_binary
        Whether the activations of either network give bits.
    """

    layers: tuple[LayerWalk, ...]
    probabilities: tuple[Mapping[str, float], Mapping[str, float]]
    same_weights: bool = False
    is_binary: tuple[bool, bool] = (True, True)

    @property
    def differing(self) -> list[float]:
        """Share of bits that differ, by layer."""
        return [float(layer.differing.mean()) for layer in self.layers]

    @property
    def parting(self) -> int | None:
        """Index of the first layer with a differing bit, None if there is none."""
        return next((k for k, share in enumerate(self.differing) if share > 0), None)

    def finding(self) -> str:
        """Where the networks part, in one sentence.

        Examples
        --------
        >>> bit = np.ones((1, 1, 1), bool)
        >>> layer = LayerWalk("block1", (bit.astype(np.float32),) * 2, (bit, ~bit))
        >>> Walk((layer,), ({}, {}), same_weights=True).finding()
        'They differ in block1, where 100.0 % of the bits differ.'
        """
        if self.parting is None:
            return "No bit differs in any layer."
        shares = self.differing
        least, most = int(np.argmin(shares)), int(np.argmax(shares))
        if not self.same_weights and least != most:
            return (
                f"Bits differ least in {self._told(least, shares)}, and most in "
                f"{self._told(most, shares)}."
            )
        name, share = self.layers[self.parting].name, _percent(shares[self.parting])
        told = f"They differ in {name}, where {share} of the bits differ"
        return (
            f"{told}." if most == self.parting else f"{told}; most in {self._told(most, shares)}."
        )

    def _told(self, index: int, shares: list[float]) -> str:
        return f"{self.layers[index].name}, {_percent(shares[index])}"


def walk(picture: Picture, first: Walker, second: Walker) -> Walk:
    """Put a picture through two networks of equal shape.

    Raises
    ------
    ValueError
        Their layers differ in name or shape, or their classes do.
    """
    (answer, layers), (other, others) = (_passed(picture, one) for one in (first, second))
    shapes = [{layer.name: layer.x.shape for layer in passed} for passed in (layers, others)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "Only networks of equal shape can be walked through side by side; these have "
            f"{_shapes(shapes[0])} and {_shapes(shapes[1])}."
        )
    if set(answer) != set(other):
        raise ValueError("These networks know different classes; choose two of one data set.")
    walked = tuple(
        LayerWalk(one.name, (one.x, two.x), (one.bits, two.bits), (one.kernel, two.kernel))
        for one, two in zip(layers, others, strict=True)
    )
    models = (first.checkpoint.model, second.checkpoint.model)
    weights = [next(model.parameters()) for model in models]
    return Walk(
        walked,
        (answer, other),
        same_weights=weights[0] is weights[1],
        is_binary=(first.is_binary, second.is_binary),
    )


@dataclass(frozen=True, eq=False)
class _Passed:
    """One layer of one network: what its activation receives, gives, and cuts with."""

    name: str
    x: Maps
    bits: Bits
    kernel: ThresholdKernel | None


@torch.inference_mode()
def _passed(picture: Picture, walker: Walker) -> tuple[dict[str, float], list[_Passed]]:
    """Probabilities in falling order, and every layer."""
    form = walker.checkpoint.pictures
    logits, taps = activation_maps(walker.checkpoint.model, form.normalized(form.pixels(picture)))
    shares = logits[0].softmax(0)
    order = shares.argsort(descending=True, stable=True).tolist()
    hidden = [tap.name for tap in taps if tap.name != PICTURE]
    layers = [
        _Passed(
            tap.name,
            np.ascontiguousarray(tap.x[0].numpy()),
            (tap.y[0] > 0).contiguous().numpy(),
            _kernel(tap, walker.kernels, hidden),
        )
        for tap in taps
    ]
    return {form.class_names[k]: float(shares[k]) for k in order}, layers


def _kernel(tap: ActivationMaps, named: Kernels, hidden: Sequence[str]) -> ThresholdKernel | None:
    """The kernel with its levels where a name gives it; what was learned or fitted as it stands."""
    act = tap.activation
    if isinstance(act, LearnedDeSign) or tap.name not in hidden:
        return kernel_as_it_stands(tap.name, act)
    return of_layer(named, hidden.index(tap.name))


def _shapes(shapes: Mapping[str, tuple[int, ...]]) -> str:
    first, *_, last = shapes.values()
    return f"{len(shapes)} layers from {'×'.join(map(str, first))} to {'×'.join(map(str, last))}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
