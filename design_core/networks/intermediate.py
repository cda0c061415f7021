"""All maps of one forward pass: what each activation received and what it made of it.

Networks hand their maps out themselves when asked (``model(x, taps)``): no hooks, so a network
that several threads share may be looked into by one of them while the others predict.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

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

    Raises
    ------
    ValueError
        The network is in training mode, where the maps would depend on the rest of the batch; or
        it handed out no maps.
    """
    if model.training:
        raise ValueError("Call model.eval() first: in training mode maps depend on the batch.")
    taps: Taps = []
    logits: Tensor = model(x, taps)
    if not taps:
        raise ValueError(
            f"{type(model).__name__} appended nothing to `taps`. A network appends an "
            "ActivationMaps for each of its activations when it is asked for them."
        )
    return logits, taps
