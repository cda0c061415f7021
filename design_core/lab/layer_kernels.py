"""The thresholds of a network's layers as threshold kernels, those that were learned included."""

from __future__ import annotations

import torch
from torch import nn

from design_core.activations import DeSign, LearnedDeSign
from design_core.kernels.kernel import ThresholdKernel
from design_core.networks import activation_maps
from design_core.zoo.checkpoint import Checkpoint

__all__ = ["kernel_as_it_stands", "layer_kernel"]


def kernel_as_it_stands(name: str, act: nn.Module) -> ThresholdKernel | None:
    """What an activation cuts with, its levels the ranks of the thresholds.

    Parameters
    ----------
    name
        Of the layer; for the kernel's own name.
    act
        The activation.

    Returns
    -------
    The kernel, shape as the thresholds have it; None for what has no pattern of thresholds.
    """
    if not isinstance(act, DeSign):
        return None
    thresholds = act.thresholds.detach().double().numpy()
    how = "learned" if isinstance(act, LearnedDeSign) else "as trained"
    return ThresholdKernel.from_thresholds(
        thresholds, name=f"{name.capitalize()} thresholds, {how}"
    )


def layer_kernel(checkpoint: Checkpoint, layer: str) -> ThresholdKernel:
    """The kernel of one layer of a trained network.

    Parameters
    ----------
    layer
        ``picture`` for its cut, or an activation's layer: ``block1``, ….

    Raises
    ------
    ValueError
        No such layer, or one without a kernel.
    """
    with torch.inference_mode():
        blank = torch.zeros(1, *checkpoint.pictures.shape)
        taps = activation_maps(checkpoint.model, blank)[1]
    kernels = {tap.name: kernel_as_it_stands(tap.name, tap.activation) for tap in taps}
    kernel = kernels.get(layer)
    if kernel is None:
        having = ", ".join(name for name, one in kernels.items() if one is not None)
        raise ValueError(
            f"Layer {layer!r} of this network has no threshold kernel; "
            + (f"choose one of {having}." if having else "none of its layers has one.")
        )
    return kernel
