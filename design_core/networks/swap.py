"""A trained network with other thresholds: activations or picture cut exchanged at inference."""

from __future__ import annotations

import copy

from torch import nn

from design_core.activations import BinaryActivation, DeSign, Sign
from design_core.kernels.kernel import ThresholdKernel
from design_core.networks.activation import of_layer
from design_core.networks.picture import PictureCut

__all__ = ["with_kernel", "with_picture"]


def with_kernel(
    model: nn.Module, kernel: ThresholdKernel | str | None, *further: ThresholdKernel | str | None
) -> nn.Module:
    """A network of the same weights whose binary activations use other kernels.

    Batch norms keep the statistics that they learned with the old thresholds: what the swap shows
    is what the trained weights make of other thresholds, not what training with them would give.

    Parameters
    ----------
    model
        In evaluation mode. It stays as it is; the copy shares its tensors, so that a swap costs
        no memory. In residual networks only the convolved copy of x meets the kernel, as ever.
    kernel
        The new thresholds or their name, such as ``2x2-v2``; None for plain Sign.
    further
        Makes a chain of it: one for each activation from the input on, the last for all that
        follow. A picture cut is no activation, see `with_picture`.

    Raises
    ------
    ValueError
        The network is in training mode, or has no binary activation.
    """
    swapped = _copy(model)
    cuts = {id(cut.act) for cut in swapped.modules() if isinstance(cut, PictureCut)}
    places = [
        (name, module)
        for name, module in swapped.named_modules()
        if isinstance(module, BinaryActivation) and id(module) not in cuts
    ]
    if not places:
        raise ValueError("This network has no binary activation to exchange; choose another.")
    for layer, (name, old) in enumerate(places):
        own = of_layer((kernel, *further), layer)
        new = Sign(old.surrogate) if own is None else DeSign(own, old.surrogate)
        swapped.set_submodule(name, new.eval())
    return swapped


def with_picture(model: nn.Module, kernel: ThresholdKernel | str | None) -> nn.Module:
    """A network of the same weights that sees its pictures through other thresholds.

    Parameters
    ----------
    model
        In evaluation mode; it stays as it is, see `with_kernel`.
    kernel
        The new thresholds or their name; None for plain Sign.

    Raises
    ------
    ValueError
        The network is in training mode, takes real pictures, or several bits for each pixel.
    """
    swapped = _copy(model)
    cut = getattr(swapped, "picture", None)
    if not isinstance(cut, PictureCut) or cut.copies != 1:
        raise ValueError("This network takes no pictures of one bit per pixel; choose another.")
    cut.act = (Sign() if kernel is None else DeSign(kernel)).eval()
    return swapped


def _copy(model: nn.Module) -> nn.Module:
    """The same network in modules of its own, its tensors shared."""
    if model.training:
        raise ValueError("Call model.eval() first: a swap is for trained networks.")
    tensors = {id(tensor): tensor for tensor in [*model.parameters(), *model.buffers()]}
    return copy.deepcopy(model, tensors)
