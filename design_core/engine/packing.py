"""From a trained PyTorch network to a packed one.

Batch norm and activation become one compare per (channel, i mod d1, j mod d2). The float network
decides, not algebra: for each compare we ask the network's own batch norm and activation, in
float32, which sums fire, and bisect for the first that does. Rounding and ties are thus the same
to the last bit.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from design_core.activations import DeSign, Sign
from design_core.engine.bits import Words, pack_bits
from design_core.engine.layers import (
    BitConv,
    BitDense,
    Block,
    Cut,
    GlobalMean,
    Layer,
    RealConv,
    Repeat,
    Residual,
    ScaleShift,
)
from design_core.engine.network import PackedNetwork
from design_core.kernels.kernel import tile
from design_core.networks.layers import BinaryConv2d, BinaryLayer
from design_core.networks.picture import ErrorDiffusion, PictureCut
from design_core.networks.pooling import MaxPool2x2
from design_core.networks.resnet import ResidualUnit, ResNet
from design_core.networks.vgg import ConvBlock, Head, VggSmall

__all__ = ["UnpackableError", "pack"]

Values = NDArray[np.float32]
Bools = NDArray[np.bool_]
Keys = NDArray[np.int64]

#: The last key of `_float_of_key`: the largest finite float32.
_LAST_KEY = 0x7F7FFFFF


class UnpackableError(ValueError):
    """A network that the engine cannot run; the message says what in it."""


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
    model = copy.deepcopy(model).cpu().float().eval()
    if isinstance(model, VggSmall):
        layers = _chain(model, input_shape)
    elif isinstance(model, ResNet):
        layers = _residual(model)
    else:
        raise UnpackableError(
            f"Only VggSmall and ResNet networks can be packed; got {type(model).__name__}."
        )
    cut = [] if model.picture is None else _picture_cut(model.picture, input_shape[0])
    return PackedNetwork([*cut, *layers], input_shape, backend=backend)


def _picture_cut(picture: PictureCut, colours: int) -> Iterator[Layer]:
    if isinstance(picture.act, ErrorDiffusion):
        raise UnpackableError(
            "Error diffusion hands on real errors from pixel to pixel; the network runs in PyTorch."
        )
    if picture.copies > 1:
        yield Repeat(picture.copies)
    yield _real_cut(picture.act, picture.copies * colours)


def _chain(model: VggSmall, input_shape: tuple[int, int, int]) -> Iterator[Layer]:
    _, height, width = input_shape
    takes_bits = model.picture is not None
    for block in model.blocks.values():
        assert isinstance(block, ConvBlock)
        weights, scale = _weights(block.conv)
        conv: BitConv | RealConv = RealConv(_window(weights))
        fan_in = None
        if takes_bits:
            assert isinstance(block.conv, BinaryConv2d)
            conv, fan_in = _bit_conv(weights, block.conv), block.conv.fan_in
        pool = isinstance(block.pool, MaxPool2x2)
        yield Block(conv, pool, _block_cut(block, scale, fan_in))
        takes_bits = True
        if pool:
            height, width = height // 2, width // 2
    yield from _head(model.head, height, width)


def _weights(conv: nn.Module) -> tuple[Tensor, Tensor]:
    """Weights and scale (O, 1, 1), the signs of the scale moved into the weights.

    A maximum of scaled sums is the scaled maximum only if the scale is not negative.
    """
    if not isinstance(conv, BinaryLayer):
        assert isinstance(conv, nn.Conv2d)
        return conv.weight, torch.ones(conv.out_channels, 1, 1)
    bits, scale = conv.binary_weight()
    if scale is None:
        scale = torch.ones(())
    scale = scale.expand(len(bits)).view(-1, 1, 1)
    return torch.where(scale[..., None] < 0, -bits, bits), scale.abs()


def _window(weights: Tensor) -> Values:
    """(O, C, size, size) → (size, size, C, O)."""
    return np.ascontiguousarray(weights.numpy().transpose(2, 3, 1, 0))


def _words(weights: Tensor) -> Words:
    """±1 weights (O, C, size, size) → words (size, size, ⌈C/64⌉, O)."""
    packed = pack_bits(weights.numpy().transpose(2, 3, 0, 1) > 0)
    return np.ascontiguousarray(packed.swapaxes(2, 3))


def _bit_conv(weights: Tensor, conv: BinaryConv2d) -> BitConv:
    return BitConv(_words(weights), weights.shape[1], conv.stride, conv.padding)


def _period(act: nn.Module) -> tuple[int, int]:
    """Rows and columns after which an activation's thresholds repeat."""
    if isinstance(act, DeSign):
        _, rows, columns = act.thresholds.shape
        return rows, columns
    if isinstance(act, Sign):
        return 1, 1
    raise UnpackableError(
        f"Only Sign and DeSign activations give bits; the network has {type(act).__name__}."
    )


def _block_cut(block: ConvBlock, scale: Tensor, fan_in: int | None) -> Cut:
    """The compare that stands for scale, batch norm and activation of a block.

    `fan_in` bounds the sums; None for real ones.
    """
    shape = (block.norm.num_features, *_period(block.act))

    def fires(sums: NDArray[Any]) -> Bools:
        maps = torch.from_numpy(sums.astype(np.float32))[None]
        activated = block.act(block.norm(maps * scale))
        bits: Bools = (activated[0] > 0).numpy()
        return bits

    if fan_in is None:
        keys, flipped, never = _first_firing(
            lambda keys: fires(_float_of_key(keys)), shape, -_LAST_KEY, _LAST_KEY
        )
        cuts = _float_of_key(keys).astype(np.float32)
        cuts[keys <= -_LAST_KEY] = -np.inf
        cuts[never] = np.inf
    else:
        keys, flipped, _ = _first_firing(fires, shape, -fan_in, fan_in)
        cuts = keys.astype(np.int32)
    return Cut(np.ascontiguousarray(cuts.transpose(1, 2, 0)), pack_bits(flipped))


def _first_firing(
    fires: Callable[[Keys], Bools],
    shape: tuple[int, int, int],
    low: int,
    high: int,
) -> tuple[Keys, Bools, Bools]:
    """For each entry the first key at which a monotone predicate turns, by bisection.

    Returns
    -------
    keys
        `fires` is ``key ≥ keys`` on low … high, inverted in flipped channels. An entry that is
        the same everywhere gets `low` or `high` + 1.
    flipped
        (C,): channels where `fires` turns off.
    never
        Entries of `high` + 1.
    """
    first = fires(np.full(shape, low))
    last = fires(np.full(shape, high))
    flipped: Bools = np.any(first & ~last, axis=(1, 2))
    below, above = np.full(shape, low), np.full(shape, high)
    while (above - below > 1).any():
        middle = (below + above) // 2
        turned = fires(middle) == last
        above, below = np.where(turned, middle, above), np.where(turned, below, middle)
    constant = first == last
    never = constant & (first == flipped[:, None, None])
    keys = np.where(constant, np.where(never, high + 1, low), above)
    return keys, flipped, never


def _float_of_key(keys: Keys) -> NDArray[np.float64]:
    """The float32 numbers in order: 0 → 0, 1 → the smallest positive one, −1 → its negative."""
    magnitudes = np.abs(keys).clip(max=_LAST_KEY).astype(np.uint32).view(np.float32)
    return np.copysign(magnitudes.astype(np.float64), np.where(keys < 0, -1.0, 1.0))


def _affine(norm: nn.Module, outputs: int, scale: Tensor | None) -> ScaleShift:
    """A scale and a batch norm in evaluation mode, in the very float32 steps of PyTorch."""
    assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
    assert norm.running_var is not None
    scales = (torch.ones(()) if scale is None else scale).expand(outputs).contiguous()
    # In NumPy, whose 1/√ rounds as PyTorch's batch norm does; torch.sqrt may not.
    deviation: Values = np.sqrt(norm.running_var.numpy() + np.float32(norm.eps))
    slope: Values = np.reciprocal(deviation)
    if norm.affine:
        slope = slope * norm.weight.numpy()
    pixels = (1, 1) if isinstance(norm, nn.BatchNorm2d) else ()
    offset = norm(torch.zeros(1, outputs, *pixels)).flatten()
    return ScaleShift(scales.numpy(), slope, offset.numpy())


def _head(head: nn.Module, height: int, width: int) -> Iterator[Layer]:
    """The linear layer of a chain: a window as large as the map."""
    assert isinstance(head, Head)
    linear = head.linear
    outputs = len(linear.weight)
    scale = None
    if isinstance(linear, BinaryLayer):
        bits, scale = linear.binary_weight()
        windows = bits.view(outputs, -1, height, width)
        yield BitConv(_words(windows), windows.shape[1], 1, "none")
    else:
        yield BitDense(_window(linear.weight.view(outputs, -1, height, width)))
    yield _affine(head.norm, outputs, scale)


def _residual(model: ResNet) -> Iterator[Layer]:
    stem, norm = model.stem.children()
    scale = None
    if isinstance(stem, BinaryConv2d):
        bits, scale = stem.binary_weight()
        yield _bit_conv(bits, stem)
    else:
        assert isinstance(stem, nn.Conv2d)
        yield RealConv(_window(stem.weight))
    yield _affine(norm, len(stem.weight), scale)
    for unit in model.units.values():
        assert isinstance(unit, ResidualUnit)
        bits, scale = unit.conv.binary_weight()
        outputs, channels = bits.shape[:2]
        yield Residual(
            _real_cut(unit.act, channels),
            _bit_conv(bits, unit.conv),
            _affine(unit.norm, outputs, scale),
        )
    yield GlobalMean()
    norm, linear = model.head.children()
    assert isinstance(linear, nn.Linear)
    yield _affine(norm, linear.in_features, None)
    yield RealConv(_window(linear.weight[..., None, None]))
    ones = np.ones(linear.out_features, np.float32)
    yield ScaleShift(ones, ones, linear.bias.numpy())


def _real_cut(act: nn.Module, channels: int) -> Cut:
    """An activation on its own, on real maps: its thresholds, tiled over the channels."""
    rows, columns = _period(act)
    thresholds = act.thresholds if isinstance(act, DeSign) else torch.zeros(1, 1, 1)
    cuts = tile(thresholds, channels, rows, columns).permute(1, 2, 0).contiguous()
    return Cut(cuts.numpy(), pack_bits(np.zeros(channels, dtype=bool)))
