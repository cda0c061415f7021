"""All maps of one forward pass: what each activation received and what it made of it.

Networks of this project hand their maps out themselves when asked (``model(x, taps)``): no hooks,
so a network that several threads share may be looked into by one of them while the others predict.
Into a plain module hooks look, for the one pass; they hear the thread alone that asked.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from threading import get_ident
from typing import Any

import torch
from torch import Tensor, nn

from design_core.activations import BinaryActivation, HardTanh, ReLU

__all__ = ["ActivationMaps", "Taps", "activate", "activation_maps"]


@dataclass(frozen=True, eq=False)
class ActivationMaps:
    """Input and output of one activation.

    Parameters
    ----------
    name
        Name of the block it belongs to.
    x
        Pre-activations, the batch-norm output; shape (N, C, H, W).
    y
        The activation's output, ±1 for binary ones; same shape.
    activation
        The module that made it: what has thresholds is a `BinaryActivation`.
    """

    name: str
    x: Tensor
    y: Tensor
    activation: nn.Module

    def density(self) -> float:
        """Activation density: the share of outputs above 0."""
        return (self.y > 0).float().mean().item()


#: What a network appends its maps to, in the order of computation.
Taps = list[ActivationMaps]


def activate(activation: nn.Module, x: Tensor, name: str, taps: Taps | None) -> Tensor:
    """What an activation makes of x; with `taps`, its maps are appended under that name."""
    y: Tensor = activation(x)
    if taps is not None:
        taps.append(ActivationMaps(name, x, y, activation))
    return y


@torch.inference_mode()
def activation_maps(model: nn.Module, x: Tensor) -> tuple[Tensor, Taps]:
    """Logits (N, classes) of a batch (N, C, H, W) and the maps of every activation.

    Parameters
    ----------
    model
        A network of this project, or any module with Sign, DeSign, Hardtanh or ReLU activations in
        it. Maps of a plain module bear the names of their activations; behind a linear layer they
        have one pixel. It is left without hooks.

    Raises
    ------
    ValueError
        The network is in training mode, where the maps would depend on the rest of the batch; or
        there are no maps.
    """
    if model.training:
        raise ValueError("Call model.eval() first: in training mode maps depend on the batch.")
    if "taps" not in inspect.signature(model.forward).parameters:
        return _hooked(model, x)
    taps: Taps = []
    logits: Tensor = model(x, taps)
    if not taps:
        raise ValueError(
            f"{type(model).__name__} appended nothing to `taps`. A network appends an "
            "ActivationMaps for each of its activations when it is asked for them."
        )
    return logits, taps


def _hooked(model: nn.Module, x: Tensor) -> tuple[Tensor, Taps]:
    taps: Taps = []
    asking, received = get_ident(), dict[int, Tensor]()
    handles = []

    def before(activation: nn.Module, inputs: tuple[Any, ...]) -> None:
        if get_ident() == asking:
            inplace = getattr(activation, "inplace", False)
            received[id(activation)] = inputs[0].clone() if inplace else inputs[0]

    def listen(name: str, activation: nn.Module) -> None:
        def after(_module: nn.Module, _inputs: tuple[Any, ...], y: Tensor) -> None:
            if get_ident() == asking:
                # An activation may be called in several places: each time makes maps of its own.
                times = sum(tap.name.partition("#")[0] == name for tap in taps)
                own = name if not times else f"{name}#{times + 1}"
                x = _as_maps(received.pop(id(activation)))
                taps.append(ActivationMaps(own, x, _as_maps(y), activation))

        handles.append(activation.register_forward_pre_hook(before))
        handles.append(activation.register_forward_hook(after))

    try:
        for name, module in model.named_modules():
            if isinstance(module, BinaryActivation | HardTanh | ReLU):
                listen(name, module)
        logits: Tensor = model(x)
    finally:
        for handle in handles:
            handle.remove()
    if not taps:
        raise ValueError(
            f"{type(model).__name__} called no Sign, DeSign, Hardtanh or ReLU module, so there are "
            "no maps. Write activations as modules, not as functions; see make_binary."
        )
    return logits, taps


def _as_maps(values: Tensor) -> Tensor:
    """(N, C, H, W); what follows a linear layer, (N, C), are maps of one pixel."""
    return values[:, :, None, None] if values.ndim == 2 else values
