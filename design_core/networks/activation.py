"""Activations by name, as network options and recipes write them."""

from __future__ import annotations

from pathlib import PurePath

import numpy as np
from torch import nn

from design_core.activations import DeSign, HardTanh, ReLU, Sign
from design_core.kernels.files import FORMATS
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.spec import decode_kernel, encode_kernel, parse_kernel

__all__ = ["REAL_ACTIVATIONS", "activation_kernel", "build_activation", "portable_activation"]

#: Names of those that keep real values; all others give bits.
REAL_ACTIVATIONS = ("hardtanh", "relu")

_FORMS = "sign, hardtanh, relu, design:KERNEL or uniform:KERNEL"


def build_activation(text: str, *, surrogate: str = "clip") -> nn.Module:
    """The activation that a name stands for.

    Parameters
    ----------
    text
        ``sign``; ``hardtanh`` or ``relu`` (real-valued, the upper bounds); ``design:KERNEL``,
        where KERNEL is what `parse_kernel` reads; ``uniform:KERNEL``, the control that keeps
        the mean threshold of that kernel and drops its pattern.
    surrogate
        Gradient of the binary ones, one of `design_core.activations.SURROGATES`.

    Raises
    ------
    ValueError
        Unknown activation or kernel.

    Examples
    --------
    >>> build_activation("design:2x2-v2")
    DeSign(1 slice(s) of 2x2, surrogate=clip)
    """
    if text == "sign":
        return Sign(surrogate)
    if text == "hardtanh":
        return HardTanh()
    if text == "relu":
        return ReLU()
    kernel = activation_kernel(text)
    if kernel is None:
        raise ValueError(f"Unknown activation {text!r}; write {_FORMS}.")
    return DeSign(kernel, surrogate)


def activation_kernel(text: str) -> ThresholdKernel | None:
    """The kernel in an activation's name, None where it has none.

    KERNEL may also be ``code=`` and a code of `encode_kernel`, see `portable_activation`.
    """
    form, _, rest = text.partition(":")
    if form not in ("design", "uniform"):
        return None
    code = rest.removeprefix("code=")
    kernel = parse_kernel(rest) if code == rest else decode_kernel(code)
    if form == "uniform":
        mean = float(np.mean(kernel.thresholds))
        return ThresholdKernel.from_thresholds([[mean]], name=f"uniform of {kernel.name or rest}")
    return kernel


def portable_activation(text: str) -> str:
    """The same activation in a form that needs no file: a kernel's file becomes its code."""
    form, _, rest = text.partition(":")
    if PurePath(rest).suffix.lower().removeprefix(".") not in FORMATS:
        return text
    return f"{form}:code={encode_kernel(parse_kernel(rest))}"
