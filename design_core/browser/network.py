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

from design_core.browser.kernels import plain_kernel
from design_core.engine.files import packed_bytes
from design_core.engine.packing import UnpackableError, activation_norms
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
        Its activations are real values: it is no network of bits.
    """
    packed = checkpoint.packed
    if packed is None:
        raise UnpackableError(
            f"{name} passes real values on, not bits. Choose a network with Sign or DeSign."
        )
    norms = activation_norms(checkpoint.model)
    arrays: dict[str, NDArray[Any]] = {"packed": np.frombuffer(packed_bytes(packed), np.uint8)}
    for layer, norm in enumerate(norms):
        for part in ("scale", "slope", "offset"):
            arrays[f"norm.{layer}.{part}"] = getattr(norm, part)
    chain = activation_kernels(str(checkpoint.spec.options["activation"]))
    layers = sum(1 for one in packed.layers if type(one).__name__ in ("Block", "Residual"))
    kernels = [of_layer(chain, layer) for layer in range(layers)]
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
