"""The VGG-small chain of BinaryNet: n-n-MP-2n-2n-MP-4n-4n-MP, then one linear head.

Order in every block: convolution → (max-pool) → batch norm → activation, as DeSign asks for:
its thresholds are in units of the batch-norm output.
"""

from __future__ import annotations

from torch import Tensor, nn

from design_core.networks.activation import build_activation
from design_core.networks.intermediate import ActivationMaps, Taps
from design_core.networks.layers import BinaryConv2d, BinaryLinear
from design_core.networks.picture import PictureCut, build_picture_cut
from design_core.networks.pooling import MaxPool2x2
from design_core.networks.registry import register_network

__all__ = ["ConvBlock", "Head", "VggSmall", "tiny", "vgg_small"]

_KINDS = ("real", "binary")


class ConvBlock(nn.Module):
    """Convolution → (2×2 max-pool) → batch norm → activation."""

    def __init__(self, conv: nn.Module, pool: bool, norm: nn.BatchNorm2d, act: nn.Module) -> None:
        super().__init__()
        self.conv = conv
        self.pool = MaxPool2x2() if pool else nn.Identity()
        self.norm = norm
        self.act = act

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What the activation receives, and what it returns; both (N, C, H, W)."""
        pre = self.norm(self.pool(self.conv(x)))
        return pre, self.act(pre)


class Head(nn.Module):
    """Linear layer on the flattened maps, then batch norm on the logits.

    The features are ±1, thousands of them, and move together: without the batch norm a single
    optimizer step changes the logits by tens and the loss explodes.
    """

    def __init__(self, features: int, num_classes: int, *, binary: bool, binarizer: str) -> None:
        super().__init__()
        self.linear = (
            BinaryLinear(features, num_classes, binarizer=binarizer)
            if binary
            else nn.Linear(features, num_classes, bias=False)
        )
        self.norm = nn.BatchNorm1d(num_classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.norm(self.linear(x.flatten(1)))
        return logits


class VggSmall(nn.Module):
    """A chain of `ConvBlock` and a `Head`; see `vgg_small` for the parameters."""

    def __init__(
        self, blocks: list[ConvBlock], head: Head, picture: PictureCut | None = None
    ) -> None:
        super().__init__()
        self.picture = picture
        self.blocks = nn.ModuleDict({f"block{k}": block for k, block in enumerate(blocks, 1)})
        self.head = head

    def forward(self, x: Tensor, taps: Taps | None = None) -> Tensor:
        """Logits (N, classes) of pictures (N, C, H, W); maps are appended to `taps` if given."""
        if self.picture is not None:
            received, x = self.picture(x)
            if taps is not None:
                taps.append(ActivationMaps("picture", received, x))
        for name, block in self.blocks.items():
            pre, x = block(x)
            if taps is not None:
                taps.append(ActivationMaps(name, pre, x))
        logits: Tensor = self.head(x)
        return logits


@register_network
def vgg_small(
    *,
    width: int = 128,
    stages: int = 3,
    activation: str = "sign",
    surrogate: str = "clip",
    affine: bool = True,
    binarizer: str = "bnn",
    padding: str = "one",
    first: str = "real",
    last: str = "real",
    picture: str = "real",
    in_channels: int = 3,
    image_size: int = 32,
    num_classes: int = 10,
) -> VggSmall:
    """BinaryNet / VGG-small: per stage two 3×3 convolutions and a max-pool, the width doubling.

    Parameters
    ----------
    width
        Channels of the first stage; 128 in the paper.
    stages
        Each halves the maps; 3 in the paper.
    activation, surrogate
        See `build_activation`.
    affine
        Whether the batch norms before the activations learn γ and β. With a learned β the network
        can move any threshold that is the same for a whole channel; without it, it cannot.
    binarizer, padding
        Of the binary layers, see `BinaryConv2d`.
    first, last
        ``real`` or ``binary`` weights of the first convolution and of the head.
    picture
        ``real``, or what cuts the picture into bits, see `build_picture_cut`. The first
        convolution is then binary, and its border that of the others.
    in_channels, image_size, num_classes
        Pictures are (in_channels, image_size, image_size).

    References
    ----------
    Hubara et al., "Binarized Neural Networks", NeurIPS 2016, section 2.1.
    """
    for option, kind in (("first", first), ("last", last)):
        if kind not in _KINDS:
            raise ValueError(f"{option} is 'real' or 'binary'; got {kind!r}.")
    side = image_size // 2**stages
    if side < 1:
        raise ValueError(
            f"{stages} max-pools leave nothing of {image_size} pixels; use fewer stages."
        )
    cut = build_picture_cut(picture, in_channels, surrogate=surrogate)
    blocks: list[ConvBlock] = []
    channels = in_channels * (cut.copies if cut else 1)
    for stage in range(stages):
        out = width * 2**stage
        for pool in (False, True):
            if blocks or cut or first == "binary":
                # Real pictures are centred: 0, their mean, is the neutral border.
                border = padding if blocks or cut else "zero"
                conv: nn.Module = BinaryConv2d(channels, out, padding=border, binarizer=binarizer)
            else:
                conv = nn.Conv2d(channels, out, 3, padding=1, bias=False)
            norm = nn.BatchNorm2d(out, affine=affine)
            act = build_activation(activation, surrogate=surrogate, layer=len(blocks), channels=out)
            blocks.append(ConvBlock(conv, pool, norm, act))
            channels = out
    head = Head(channels * side * side, num_classes, binary=last == "binary", binarizer=binarizer)
    return VggSmall(blocks, head, cut)


@register_network
def tiny(
    *,
    width: int = 16,
    activation: str = "sign",
    surrogate: str = "clip",
    affine: bool = True,
    binarizer: str = "bnn",
    padding: str = "one",
    picture: str = "real",
    in_channels: int = 1,
    image_size: int = 8,
    num_classes: int = 10,
) -> VggSmall:
    """A `vgg_small` of two stages for 8×8 digits: seconds to train, kilobytes to keep."""
    return vgg_small(
        width=width,
        stages=2,
        activation=activation,
        surrogate=surrogate,
        affine=affine,
        binarizer=binarizer,
        padding=padding,
        picture=picture,
        in_channels=in_channels,
        image_size=image_size,
        num_classes=num_classes,
    )
