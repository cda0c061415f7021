"""From a trained PyTorch network to a packed one: what `design_core.engine.folding` needs of it."""

from __future__ import annotations

import copy

import torch
from torch import nn

from design_core.engine.folding import (
    Chain,
    ChainBlock,
    Described,
    PictureBits,
    PixelChain,
    ResidualChain,
    Unit,
    UnpackableError,
    fold,
)
from design_core.engine.network import PackedNetwork
from design_core.engine.reading import norm, thresholds, values, weights
from design_core.engine.sequential import read_chain
from design_core.networks.encoder_decoder import EncoderDecoder, UpBlock
from design_core.networks.picture import ErrorDiffusion, PictureCut
from design_core.networks.pooling import LowPass, MaxPool2x2
from design_core.networks.resnet import ResidualUnit, ResNet
from design_core.networks.vgg import ConvBlock, VggSmall
from design_core.pictures.form import PictureForm

__all__ = ["UnpackableError", "pack", "unfolded"]


@torch.no_grad()
def pack(
    model: nn.Module,
    input_shape: tuple[int, int, int] = (3, 32, 32),
    *,
    pictures: PictureForm | None = None,
    backend: str | None = None,
) -> PackedNetwork:
    """Pack a trained network, as it computes in evaluation mode; `model` stays as it is.

    Parameters
    ----------
    model
        A `VggSmall` (``vgg_small``, ``tiny``), `ResNet` or `EncoderDecoder` with Sign or DeSign
        activations, its picture real or cut by thresholds; or a plain ``nn.Sequential`` as
        `make_binary` makes them, see `design_core.engine.sequential`.
    input_shape
        (C, H, W) of the pictures.
    pictures
        What the network takes and gives, for those who will feed it; kept in its file.
    backend
        See `design_core.engine.load_backend`.

    Raises
    ------
    UnpackableError
        Another network, a real activation, or a picture cut by error diffusion. In a plain chain
        the message names the module.
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
    network = unfolded(model)
    return PackedNetwork(
        fold(network, input_shape),
        input_shape,
        pictures=pictures,
        backend=backend,
        per_pixel=isinstance(network, PixelChain),
    )


@torch.no_grad()
def unfolded(model: nn.Module) -> Described:
    """The arrays that `pack` folds; UnpackableError as there."""
    model = copy.deepcopy(model).cpu().float().eval()
    if isinstance(model, VggSmall):
        return _chain(model)
    if isinstance(model, ResNet):
        return _residual(model)
    if isinstance(model, EncoderDecoder):
        return _pixels(model)
    if isinstance(model, nn.Sequential):
        return read_chain(model)
    raise UnpackableError(
        "VggSmall, ResNet and EncoderDecoder networks can be packed, and plain nn.Sequential "
        f"chains; the order in which {type(model).__name__} computes is written in its forward, "
        "which cannot be read. Put its layers into an nn.Sequential."
    )


def _chain(model: VggSmall) -> Chain:
    head = model.head
    return Chain(
        _picture(model.picture), _blocks(model.blocks), weights(head.linear), norm(head.norm)
    )


def _pixels(model: EncoderDecoder) -> PixelChain:
    head = model.head
    return PixelChain(
        _picture(model.picture), _blocks(model.blocks), weights(head.conv), norm(head.norm)
    )


def _blocks(modules: nn.ModuleDict) -> list[ChainBlock]:
    blocks = []
    for block in modules.values():
        assert isinstance(block, ConvBlock)
        if isinstance(block.low_pass, LowPass):
            raise UnpackableError(
                "A low-pass before the thresholds needs real sums; the network runs in PyTorch."
            )
        blocks.append(
            ChainBlock(
                weights(block.conv),
                isinstance(block.pool, MaxPool2x2),
                norm(block.norm),
                thresholds(block.act),
                enlarge=isinstance(block, UpBlock),
            )
        )
    return blocks


def _residual(model: ResNet) -> ResidualChain:
    units = []
    for unit in model.units.values():
        assert isinstance(unit, ResidualUnit)
        units.append(Unit(thresholds(unit.act), weights(unit.conv), norm(unit.norm)))
    (stem, stem_norm), (head_norm, head) = model.stem.children(), model.head.children()
    assert isinstance(head, nn.Linear)
    return ResidualChain(
        _picture(model.picture),
        weights(stem),
        norm(stem_norm),
        units,
        norm(head_norm),
        weights(head),
        values(head.bias),
    )


def _picture(picture: PictureCut | None) -> PictureBits | None:
    if picture is None:
        return None
    if isinstance(picture.act, ErrorDiffusion):
        raise UnpackableError(
            "Error diffusion hands on real errors from pixel to pixel; the network runs in PyTorch."
        )
    return PictureBits(thresholds(picture.act), picture.copies)
