"""Activations by name, as network options and recipes write them."""

from __future__ import annotations

import json

import numpy as np
from torch import nn

from design_core.activations import DeSign, HardTanh, ReLU, Sign
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.spec import parse_kernel

__all__ = ["activation_kernel", "build_activation"]

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

    ``design:`` also takes the JSON object of `ThresholdKernel.to_dict`.
    """
    form, _, rest = text.partition(":")
    if form not in ("design", "uniform"):
        return None
    if rest.startswith("{"):
        kernel = ThresholdKernel.from_dict(json.loads(rest))
    else:
        kernel = parse_kernel(rest)
    if form == "uniform":
        mean = float(np.mean(kernel.thresholds))
        return ThresholdKernel.from_thresholds([[mean]], name=f"uniform of {kernel.name or rest}")
    return kernel
