"""Activations by name, as network options and recipes write them.

Nothing here opens a file but `portable_activation`, which is for what the owner of this machine
wrote: names of activations come out of checkpoints too.

``design:2x2-v2`` is the activation of every layer; ``design:2x2-v2 then uniform:2x2-v2`` is a
**chain**: an activation for each layer from the input on, the last one for all that follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from torch import nn

from design_core.activations import DeSign, HardTanh, LearnedDeSign, ReLU, Sign
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.spec import (
    decode_kernel,
    encode_kernel,
    is_kernel_file,
    open_kernel,
    parse_kernel,
)

__all__ = [
    "REAL_ACTIVATIONS",
    "Kernels",
    "activation_kernels",
    "build_activation",
    "of_layer",
    "portable_activation",
]

#: What layers cut with, None for Sign: one for all, or a chain.
Kernels = tuple[ThresholdKernel | None, ...]

T = TypeVar("T")

#: Names of those that keep real values; all others give bits.
REAL_ACTIVATIONS = ("hardtanh", "relu")

_FORMS = (
    "sign, hardtanh, relu, design:KERNEL, uniform:KERNEL, centred:KERNEL, learned:KERNEL "
    "or learned:channel"
)
_THEN = " then "
_LEARNED = "learned"


def of_layer(chain: Sequence[T], layer: int) -> T:
    """The entry of a chain that a layer uses, counted from 0: its own, or else the last."""
    return chain[min(layer, len(chain) - 1)]


def build_activation(
    text: str, *, surrogate: str = "clip", layer: int = 0, channels: int = 1
) -> nn.Module:
    """The activation that a name stands for.

    Parameters
    ----------
    text
        ``sign``; ``hardtanh`` or ``relu`` (real-valued, the upper bounds); ``design:KERNEL``,
        where KERNEL is what `parse_kernel` reads; ``uniform:KERNEL``, the control that keeps
        the mean threshold of that kernel and drops its pattern; ``centred:KERNEL``, the control
        that keeps the pattern and drops the mean; ``learned:KERNEL``, thresholds that begin as
        those of the kernel and are trained; ``learned:channel``, one for each channel, from 0 on.
        Binary ones form chains with ``then``.
    surrogate
        Gradient of the binary ones, one of `design_core.activations.SURROGATES`.
    layer
        Where in a chain, counted from the input.
    channels
        Of the maps that it cuts; only ``learned:channel`` asks.

    Raises
    ------
    ValueError
        Unknown activation or kernel; a real-valued activation in a chain.

    Examples
    --------
    >>> build_activation("design:2x2-v2")
    DeSign(1 slice(s) of 2x2, surrogate=clip)
    >>> build_activation("design:2x2-v2 then uniform:2x2-v2", layer=3)
    DeSign(1 slice(s) of 1x1, surrogate=clip)
    """
    text = of_layer(_chain(text), layer)
    if text == "sign":
        return Sign(surrogate)
    if text == "hardtanh":
        return HardTanh()
    if text == "relu":
        return ReLU()
    if text == f"{_LEARNED}:channel":
        return LearnedDeSign(np.zeros((channels, 1, 1)), surrogate)
    kernel = _kernel(text)
    if kernel is not None and text.startswith(_LEARNED):
        return LearnedDeSign(kernel, surrogate)
    if kernel is None:
        raise ValueError(f"Unknown activation {text!r}; write {_FORMS}.")
    return DeSign(kernel, surrogate)


def _chain(text: str) -> list[str]:
    parts = text.split(_THEN)
    if len(parts) > 1 and (real := [part for part in parts if part in REAL_ACTIVATIONS]):
        raise ValueError(
            f"A chain of activations is binary throughout; {real[0]} in {text!r} is not."
        )
    return parts


def activation_kernels(text: str) -> Kernels:
    """The kernel in an activation's name, None where it has none; of a chain, one for each part.

    Of learned thresholds it is what they began with. KERNEL may also be ``code=`` and a code of
    `encode_kernel`, see `portable_activation`.
    """
    return tuple(_kernel(part) for part in _chain(text))


def _kernel(text: str) -> ThresholdKernel | None:
    form, _, rest = text.partition(":")
    if form not in ("design", "uniform", "centred", _LEARNED) or text == f"{_LEARNED}:channel":
        return None
    code = rest.removeprefix("code=")
    kernel = parse_kernel(rest) if code == rest else decode_kernel(code)
    if form in ("design", _LEARNED):
        return kernel
    mean = float(np.mean(kernel.thresholds))
    kept = [[mean]] if form == "uniform" else kernel.thresholds - mean
    return ThresholdKernel.from_thresholds(kept, name=f"{form} of {kernel.name or rest}")


def portable_activation(text: str) -> str:
    """The same activation in a form that needs no file: a kernel's file becomes its code.

    Give it only what the owner of this machine wrote; see `open_kernel`.

    Raises
    ------
    ValueError
        As `open_kernel`.

    Examples
    --------
    >>> portable_activation("design:2x2-v2 then sign")
    'design:2x2-v2 then sign'
    """
    return _THEN.join(_portable(part) for part in _chain(text))


def _portable(text: str) -> str:
    form, _, rest = text.partition(":")
    if not is_kernel_file(rest):
        return text
    return f"{form}:code={encode_kernel(open_kernel(rest))}"
