"""Residual binary networks in the manner of ReCU and Bi-Real Net: one shortcut per convolution.

Only the copy of x that is convolved is binarized. The shortcut carries x itself: were x − T to
enter the sum, the shift would pile up from layer to layer.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from design_core.networks.activation import build_activation
from design_core.networks.intermediate import ActivationMaps, Taps
from design_core.networks.layers import BinaryConv2d
from design_core.networks.picture import PictureCut, build_picture_cut
from design_core.networks.registry import register_network

__all__ = ["ResNet", "ResidualUnit", "resnet18", "resnet20", "shortcut"]


def shortcut(x: Tensor, channels: int, stride: int) -> Tensor:
    """x for the sum, without weights: averaged over stride × stride, zero channels appended.

    (N, C, H, W) → (N, channels, ⌈H/stride⌉, ⌈W/stride⌉).
    """
    if stride > 1:
        x = F.avg_pool2d(x, stride, ceil_mode=True)
    return F.pad(x, (0, 0, 0, 0, 0, channels - x.shape[1]))


class ResidualUnit(nn.Module):
    """``y = batch norm(conv(act(x))) + shortcut(x)``.

    The sum is not clipped by a hard tanh, as ReCU does it: thresholds above 1 would be out of
    its reach.
    """

    def __init__(self, act: nn.Module, conv: BinaryConv2d, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        self.act = act
        self.conv = conv
        self.norm = norm

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """act(x) and y; both (N, C, H, W), each with its own C, H and W."""
        activated = self.act(x)
        branch = self.norm(self.conv(activated))
        return activated, branch + shortcut(x, branch.shape[1], self.conv.stride)


class ResNet(nn.Module):
    """Stem, residual units, mean over the map, batch norm, real linear head.

    The stem is real, or binary behind a `PictureCut`.
    """

    def __init__(
        self,
        stem: nn.Module,
        units: Sequence[ResidualUnit],
        head: nn.Module,
        picture: PictureCut | None = None,
    ) -> None:
        super().__init__()
        self.picture = picture
        self.stem = stem
        self.units = nn.ModuleDict({f"unit{k}": unit for k, unit in enumerate(units, 1)})
        self.head = head

    def forward(self, x: Tensor, taps: Taps | None = None) -> Tensor:
        """Logits (N, classes) of pictures (N, C, H, W); maps are appended to `taps` if given."""
        if self.picture is not None:
            received, x = self.picture(x)
            if taps is not None:
                taps.append(ActivationMaps("picture", received, x))
        x = self.stem(x)
        for name, unit in self.units.items():
            activated, y = unit(x)
            if taps is not None:
                taps.append(ActivationMaps(name, x, activated))
            x = y
        logits: Tensor = self.head(x.mean((2, 3)))
        return logits


def _resnet(
    *,
    convolutions: Sequence[int],
    width: int,
    activation: str,
    surrogate: str,
    affine: bool,
    binarizer: str,
    padding: str,
    picture: str,
    in_channels: int,
    num_classes: int,
) -> ResNet:
    """A ResNet with `convolutions` binary convolutions per stage, the width doubling by stage."""
    cut = build_picture_cut(picture, in_channels, surrogate=surrogate)
    first = (
        BinaryConv2d(in_channels * cut.copies, width, padding=padding, binarizer=binarizer)
        if cut
        else nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
    )
    stem = nn.Sequential(first, nn.BatchNorm2d(width, affine=affine))
    units: list[ResidualUnit] = []
    channels = width
    for stage, count in enumerate(convolutions):
        out = width * 2**stage
        for index in range(count):
            stride = 2 if stage and index == 0 else 1
            act = build_activation(
                activation, surrogate=surrogate, layer=len(units), channels=channels
            )
            conv = BinaryConv2d(channels, out, stride=stride, padding=padding, binarizer=binarizer)
            units.append(ResidualUnit(act, conv, nn.BatchNorm2d(out, affine=affine)))
            channels = out
    head = nn.Sequential(nn.BatchNorm1d(channels), nn.Linear(channels, num_classes))
    return ResNet(stem, units, head, cut)


@register_network
def resnet20(
    *,
    width: int = 16,
    activation: str = "sign",
    surrogate: str = "triangular",
    affine: bool = True,
    binarizer: str = "recu",
    padding: str = "one",
    picture: str = "real",
    in_channels: int = 3,
    num_classes: int = 10,
) -> ResNet:
    """ResNet-20 for small pictures: 3 stages of 6 binary convolutions. Any picture size.

    Options as in `vgg_small`.

    References
    ----------
    He et al., "Deep Residual Learning", CVPR 2016, section 4.2; Xu et al., "ReCU", ICCV 2021.
    """
    return _resnet(
        convolutions=(6, 6, 6),
        width=width,
        activation=activation,
        surrogate=surrogate,
        affine=affine,
        binarizer=binarizer,
        padding=padding,
        picture=picture,
        in_channels=in_channels,
        num_classes=num_classes,
    )


@register_network
def resnet18(
    *,
    width: int = 64,
    activation: str = "sign",
    surrogate: str = "triangular",
    affine: bool = True,
    binarizer: str = "recu",
    padding: str = "one",
    picture: str = "real",
    in_channels: int = 3,
    num_classes: int = 10,
) -> ResNet:
    """ResNet-18 for small pictures: 4 stages of 4 binary convolutions. Any picture size.

    Options as in `vgg_small`.

    References
    ----------
    He et al., "Deep Residual Learning", CVPR 2016; Xu et al., "ReCU", ICCV 2021.
    """
    return _resnet(
        convolutions=(4, 4, 4, 4),
        width=width,
        activation=activation,
        surrogate=surrogate,
        affine=affine,
        binarizer=binarizer,
        padding=padding,
        picture=picture,
        in_channels=in_channels,
        num_classes=num_classes,
    )
