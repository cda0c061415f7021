"""A trained network as browsers get it: the packed file of today, and what goes with it.

One safetensors file, written here and read by network.js: the packed network byte for byte, the
batch norms before its activations, so that other thresholds can be folded anew, and in the header
what pictures must look like, the classes, and the kernels it was trained with.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from torch import nn

from design_core.activations import DeSign, Sign
from design_core.browser.kernels import plain_kernel
from design_core.engine.files import packed_bytes
from design_core.engine.packing import UnpackableError, activation_norms
from design_core.kernels.kernel import ThresholdKernel
from design_core.networks.activation import activation_kernels, of_layer
from design_core.zoo.checkpoint import Checkpoint
from design_core.zoo.naming import say_class

__all__ = ["live_network"]

_FORMAT = "design-live-1"


def live_network(checkpoint: Checkpoint, *, name: str, about: str = "", key: str = "") -> bytes:
    """The file of a network.

    Parameters
    ----------
    name, about
        For people: a word or two, and a line.
    key
        What stands for the network in links.

    Raises
    ------
    UnpackableError
        The 1-bit engine cannot run it.
    """
    packed = checkpoint.packed
    if packed is None:
        raise UnpackableError(
            f"{name} passes real values on, or diffuses errors over its picture, and does not run "
            "on bits alone. Choose a network with Sign or DeSign."
        )
    arrays: dict[str, NDArray[Any]] = {"packed": np.frombuffer(packed_bytes(packed), np.uint8)}
    kernels = _kernels(checkpoint)
    norms = activation_norms(checkpoint.model)
    first = len(kernels) - len(norms)  # a cut of the picture has no batch norm before it
    for layer, norm in enumerate(norms, first):
        for part in ("scale", "slope", "offset"):
            arrays[f"norm.{layer}.{part}"] = getattr(norm, part)
    form = checkpoint.pictures
    header = {
        "format": _FORMAT,
        "key": key,
        "name": name,
        "about": about,
        "classes": [say_class(one) for one in form.class_names],
        "mean": list(form.mean),
        "deviation": list(form.deviation),
        "kernels": [None if kernel is None else plain_kernel(kernel) for kernel in kernels],
    }
    return save(arrays, {"live": json.dumps(header)})


def _kernels(checkpoint: Checkpoint) -> list[ThresholdKernel | None]:
    """What cuts at each layer, from the picture on; None for Sign.

    A layer holds thresholds, no name and no levels: these are the option's where both agree, as
    they do but for thresholds that were learned.
    """
    options, model = checkpoint.spec.options, checkpoint.model
    chain = activation_kernels(str(options["activation"]))
    picture = getattr(model, "picture", None)
    kernels = []
    for layer, act in enumerate(_activations(model), 0 if picture is None else -1):
        text = str(options["activation"] if layer >= 0 else options["picture"])
        named = of_layer(chain, layer) if layer >= 0 else _picture_kernel(text)
        kernels.append(_kernel_of(act, named, text))
    return kernels


def _activations(model: nn.Module) -> list[Sign | DeSign]:
    """In the order of computation, which is that of the modules."""
    return [module for module in model.modules() if isinstance(module, Sign | DeSign)]


def _picture_kernel(text: str) -> ThresholdKernel | None:
    """The kernel of a picture cut's name; a thermometer's stands in no activation's name."""
    return None if text.startswith("thermometer") else activation_kernels(text)[0]


def _kernel_of(
    act: Sign | DeSign, named: ThresholdKernel | None, text: str
) -> ThresholdKernel | None:
    if isinstance(act, Sign):
        return None
    held = act.thresholds.detach().cpu().numpy()
    if named is not None and np.array_equal(named.thresholds.astype(np.float32), held):
        return named
    return ThresholdKernel.from_thresholds(held, name=text.partition(":")[0])
