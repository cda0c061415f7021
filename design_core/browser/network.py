"""A trained network as browsers get it: the packed file of today, and what goes with it.

One safetensors file, written here and read by network.js: the packed network byte for byte, the
batch norms before its activations, so that other thresholds can be folded anew, and in the header
what pictures must look like, the classes, and the kernels it was trained with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from design_core.browser.kernels import plain_kernel
from design_core.engine.files import packed_bytes
from design_core.engine.folding import Described, ResidualChain, UnpackableError
from design_core.engine.layers import ScaleShift
from design_core.engine.network import PackedNetwork
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.patterns import PATTERNS
from design_core.networks.activation import activation_kernels, of_layer
from design_core.zoo.naming import say_class

if TYPE_CHECKING:
    from design_core.zoo.checkpoint import Checkpoint

__all__ = ["live_network"]

_FORMAT = "design-live-1"


@dataclass(frozen=True, eq=False)
class _Activation:
    """Where bits are made.

    Parameters
    ----------
    layer
        Its name, as cards have it.
    thresholds
        float32 (s, d1, d2).
    norm
        Scale and batch norm before it, which `pack` folds into its cuts; None where real values
        are cut as they are, in pictures and in residual networks.
    named
        The kernel in the network's description; None for Sign, and where it has no name there.
    title
        What to call the thresholds where they are not the named kernel's.
    """

    layer: str
    thresholds: NDArray[np.float32]
    norm: ScaleShift | None
    named: ThresholdKernel | None
    title: str

    @property
    def kernel(self) -> ThresholdKernel | None:
        """What cuts; None for Sign.

        The network holds thresholds, no levels. They are the named kernel's where both agree, as
        they do but for learned ones and the quantiles of thermometers.
        """
        if not self.thresholds.any():
            return None
        named = self.named
        if named and np.array_equal(named.thresholds.astype(np.float32), self.thresholds):
            return named
        return ThresholdKernel.from_thresholds(self.thresholds, name=self.title)


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
    packed = _packed(checkpoint, name)
    arrays: dict[str, NDArray[Any]] = {"packed": np.frombuffer(packed_bytes(packed), np.uint8)}
    activations = list(_activations(checkpoint))
    kernels = [activation.kernel for activation in activations]
    for layer, activation in enumerate(activations):
        if activation.norm:
            for part in ("scale", "slope", "offset"):
                arrays[f"norm.{layer}.{part}"] = getattr(activation.norm, part)
    form = checkpoint.pictures
    header = {
        "format": _FORMAT,
        "key": key,
        "name": name,
        "about": about,
        "classes": [say_class(one) for one in form.class_names],
        "mean": list(form.mean),
        "deviation": list(form.deviation),
        "layers": [activation.layer for activation in activations],
        "kernels": [
            None if kernel is None else {**plain_kernel(kernel), "name": _name(kernel)}
            for kernel in kernels
        ],
    }
    return save(arrays, {"live": json.dumps(header)})


def _packed(checkpoint: Checkpoint, name: str) -> PackedNetwork:
    from design_core.engine.packing import pack  # brings PyTorch; talks of stills do without

    form = checkpoint.pictures
    try:
        return checkpoint.packed or pack(checkpoint.model, form.shape, pictures=form)
    except UnpackableError as error:
        raise UnpackableError(f"{name} does not run on bits alone. {error}") from error


def _name(kernel: ThresholdKernel) -> str:
    """A kernel's own name, or that of the pattern whose levels it has, or what it is.

    A network's description holds fitted thresholds and no name.
    """
    if kernel.name:
        return kernel.name
    _, rows, columns = kernel.shape
    for pattern in PATTERNS.values():
        if rows != columns or rows not in pattern.sizes:
            continue
        for build in (pattern.build, pattern.ranked):
            if build and np.array_equal(build(rows).levels, kernel.levels):
                return f"{pattern.name}-{rows}, {kernel.scale.name}"
    return f"{rows}×{columns}, {kernel.scale.name}"


def _activations(checkpoint: Checkpoint) -> Iterator[_Activation]:
    """From the picture on, as the packed layers have them."""
    from design_core.engine.packing import unfolded  # as above

    network, options = unfolded(checkpoint.model), checkpoint.spec.options
    if network.picture is not None:
        text = str(options["picture"])
        title = text.partition(":")[0]
        # A thermometer is the name of no activation.
        named = None if title == "thermometer" else activation_kernels(text)[0]
        yield _Activation("picture", network.picture.thresholds, None, named, title)
    text = str(options["activation"])
    chain = activation_kernels(text)
    part = "unit" if isinstance(network, ResidualChain) else "block"
    for layer, (thresholds, norm) in enumerate(_layers(network)):
        named, title = of_layer(chain, layer), text.partition(":")[0]
        yield _Activation(f"{part}{layer + 1}", thresholds, norm, named, title)


def _layers(
    network: Described,
) -> list[tuple[NDArray[np.float32], ScaleShift | None]]:
    if isinstance(network, ResidualChain):
        return [(unit.thresholds, None) for unit in network.units]
    # The sign of a scale is folded into its weights.
    return [
        (block.thresholds, block.norm.after(np.abs(block.conv.scales))) for block in network.blocks
    ]
