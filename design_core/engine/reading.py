"""Single layers of a PyTorch network as the arrays that `design_core.engine.folding` takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from design_core.activations import DeSign, Sign
from design_core.engine.folding import SEVERAL_PLANES, SIGN, Norm, UnpackableError, Weights
from design_core.networks.layers import BinaryConv2d, BinaryLayer
from design_core.networks.multi_bit import MultiBit

__all__ = ["norm", "thresholds", "values", "weights"]

Values = NDArray[np.float32]


def weights(layer: nn.Module) -> Weights:
    """Of a convolution or a linear layer, binary or real."""
    assert isinstance(layer, BinaryLayer | nn.Conv2d | nn.Linear)
    bias = None if layer.bias is None else values(layer.bias)
    if not isinstance(layer, BinaryLayer):
        stride = layer.stride[0] if isinstance(layer, nn.Conv2d) else 1
        return Weights(values(layer.weight), False, stride=stride, bias=bias)
    _refuse_planes(layer)
    bits, scale = layer.binary_weight()
    kept = None if scale is None else values(scale)
    if isinstance(layer, BinaryConv2d):
        padding = layer.padding if layer.margin else "none"
        return Weights(values(bits), True, kept, layer.stride, padding, bias)
    return Weights(values(bits), True, kept, bias=bias)


def _refuse_planes(layer: BinaryLayer) -> None:
    if layer.binarizer.planes > 1:
        raise UnpackableError(SEVERAL_PLANES)


def norm(module: nn.Module) -> Norm:
    """Of a batch norm in evaluation mode."""
    assert isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)
    assert module.running_mean is not None
    assert module.running_var is not None
    gamma, beta = (values(module.weight), values(module.bias)) if module.affine else (None, None)
    return Norm.of(
        values(module.running_mean), values(module.running_var), gamma, beta, epsilon=module.eps
    )


def thresholds(act: nn.Module) -> Values:
    """Thresholds (s, d1, d2) of an activation that gives bits."""
    if isinstance(act, DeSign):
        return values(act.thresholds)
    if isinstance(act, Sign):
        return SIGN
    if isinstance(act, MultiBit):
        raise UnpackableError(SEVERAL_PLANES)
    raise UnpackableError(
        f"Only Sign and DeSign activations give bits; the network has {type(act).__name__}."
    )


def values(tensor: Tensor) -> Values:
    """The numbers of a tensor."""
    return np.ascontiguousarray(tensor.detach().numpy())
