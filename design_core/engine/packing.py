"""From a trained PyTorch network to a packed one: what `design_core.engine.folding` needs of it."""

from __future__ import annotations

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from design_core.activations import DeSign, Sign
from design_core.engine.folding import (
    SIGN,
    Chain,
    ChainBlock,
    Norm,
    PictureBits,
    ResidualChain,
    Unit,
    UnpackableError,
    Weights,
    fold,
)
from design_core.engine.network import PackedNetwork
from design_core.networks.layers import BinaryConv2d, BinaryLayer
from design_core.networks.picture import ErrorDiffusion, PictureCut
from design_core.networks.pooling import MaxPool2x2
from design_core.networks.resnet import ResidualUnit, ResNet
from design_core.networks.vgg import ConvBlock, VggSmall

__all__ = ["UnpackableError", "pack", "unfolded"]

Values = NDArray[np.float32]


@torch.no_grad()
def pack(
    model: nn.Module,
    input_shape: tuple[int, int, int] = (3, 32, 32),
    *,
    backend: str | None = None,
) -> PackedNetwork:
    """Pack a trained network, as it computes in evaluation mode; `model` stays as it is.

    Parameters
    ----------
    model
        A `VggSmall` (``vgg_small``, ``tiny``) or `ResNet` with Sign or DeSign activations; its
        picture real or cut by thresholds.
    input_shape
        (C, H, W) of the pictures.
    backend
        See `design_core.engine.load_backend`.

    Raises
    ------
    UnpackableError
        Another network, a real activation, or a picture cut by error diffusion.
    ValueError
        Pictures that do not fit.

    Notes
    -----
    Bits equal those of the float network wherever the real sums of its first layer do. These are
    added in a fixed order, that of PyTorch's batches on x86; elsewhere, and for single pictures,
    PyTorch's own last bit differs from one case to the next.

    A network that cuts its picture has no real sums before its head: it compares the normalized
    float32 pixels with the float32 thresholds, as PyTorch does, and all that follows is exact.
    """
    return PackedNetwork(fold(unfolded(model), input_shape), input_shape, backend=backend)


@torch.no_grad()
def unfolded(model: nn.Module) -> Chain | ResidualChain:
    """The arrays that `pack` folds; UnpackableError as there."""
    model = copy.deepcopy(model).cpu().float().eval()
    if isinstance(model, VggSmall):
        return _chain(model)
    if isinstance(model, ResNet):
        return _residual(model)
    raise UnpackableError(
        f"Only VggSmall and ResNet networks can be packed; got {type(model).__name__}."
    )


def _chain(model: VggSmall) -> Chain:
    blocks = []
    for block in model.blocks.values():
        assert isinstance(block, ConvBlock)
        pool = isinstance(block.pool, MaxPool2x2)
        blocks.append(
            ChainBlock(_weights(block.conv), pool, _norm(block.norm), _thresholds(block.act))
        )
    head = model.head
    return Chain(_picture(model.picture), blocks, _weights(head.linear), _norm(head.norm))


def _residual(model: ResNet) -> ResidualChain:
    units = []
    for unit in model.units.values():
        assert isinstance(unit, ResidualUnit)
        units.append(Unit(_thresholds(unit.act), _weights(unit.conv), _norm(unit.norm)))
    (stem, stem_norm), (head_norm, head) = model.stem.children(), model.head.children()
    assert isinstance(head, nn.Linear)
    return ResidualChain(
        _picture(model.picture),
        _weights(stem),
        _norm(stem_norm),
        units,
        _norm(head_norm),
        _weights(head),
        _values(head.bias),
    )


def _picture(picture: PictureCut | None) -> PictureBits | None:
    if picture is None:
        return None
    if isinstance(picture.act, ErrorDiffusion):
        raise UnpackableError(
            "Error diffusion hands on real errors from pixel to pixel; the network runs in PyTorch."
        )
    return PictureBits(_thresholds(picture.act), picture.copies)


def _weights(layer: nn.Module) -> Weights:
    if not isinstance(layer, BinaryLayer):
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        return Weights(_values(layer.weight), binary=False)
    bits, scale = layer.binary_weight()
    kept = None if scale is None else _values(scale)
    if isinstance(layer, BinaryConv2d):
        return Weights(_values(bits), True, kept, layer.stride, layer.padding)
    return Weights(_values(bits), True, kept)


def _norm(norm: nn.Module) -> Norm:
    assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    gamma, beta = (_values(norm.weight), _values(norm.bias)) if norm.affine else (None, None)
    return Norm.of(
        _values(norm.running_mean), _values(norm.running_var), gamma, beta, epsilon=norm.eps
    )


def _thresholds(act: nn.Module) -> Values:
    """Thresholds (s, d1, d2) of an activation that gives bits."""
    if isinstance(act, DeSign):
        return _values(act.thresholds)
    if isinstance(act, Sign):
        return SIGN
    raise UnpackableError(
        f"Only Sign and DeSign activations give bits; the network has {type(act).__name__}."
    )


def _values(tensor: Tensor) -> Values:
    return np.ascontiguousarray(tensor.detach().numpy())
