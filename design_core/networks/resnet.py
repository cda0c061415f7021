"""Residual binary networks in the manner of ReCU and Bi-Real Net: one shortcut per convolution.

Only the copy of x that is convolved is binarized. The shortcut carries x itself: were x − T to
enter the sum, the shift would pile up from layer to layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor, nn
from torch.nn import functional as F

from design_core.networks.intermediate import Taps, activate
from design_core.networks.layers import BinaryConv2d
from design_core.networks.picture import PictureCut
from design_core.networks.registry import register_network
from design_core.networks.shared import SharedOptions

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

    def forward(self, x: Tensor, name: str = "", taps: Taps | None = None) -> Tensor:
        """y of x, (N, C, H, W) each with its own C, H and W; see `activate`."""
        branch: Tensor = self.norm(self.conv(activate(self.act, x, name, taps)))
        return branch + shortcut(x, branch.shape[1], self.conv.stride)


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
            x = self.picture(x, taps)
        x = self.stem(x)
        for name, unit in self.units.items():
            x = unit(x, name, taps)
        logits: Tensor = self.head(x.mean((2, 3)))
        return logits


def _resnet(shared: SharedOptions, convolutions: Sequence[int]) -> ResNet:
    """A ResNet with `convolutions` binary convolutions per stage, the width doubling by stage."""
    width, inputs, cut = shared.width, shared.in_channels, shared.cut()
    first = (
        shared.conv(inputs * cut.copies, width, first=True)
        if cut
        else nn.Conv2d(inputs, width, 3, padding=1, bias=False)
    )
    units: list[ResidualUnit] = []
    channels = width
    for stage, count in enumerate(convolutions):
        out = width * 2**stage
        for index in range(count):
            conv = shared.conv(channels, out, stride=2 if stage and index == 0 else 1)
            units.append(ResidualUnit(shared.act(len(units), channels), conv, shared.norm(out)))
            channels = out
    stem = nn.Sequential(first, shared.norm(width))
    head = nn.Sequential(nn.BatchNorm1d(channels), nn.Linear(channels, shared.num_classes))
    return ResNet(stem, units, head, cut)


_RESNET20 = SharedOptions(width=16, surrogate="triangular", binarizer="recu")
_RESNET18 = replace(_RESNET20, width=64)


@register_network
def resnet20(shared: SharedOptions = _RESNET20) -> ResNet:
    """ResNet-20 for small pictures: 3 stages of 6 binary convolutions. Any picture size.

    References
    ----------
    He et al., "Deep Residual Learning", CVPR 2016, section 4.2; Xu et al., "ReCU", ICCV 2021.
    """
    return _resnet(shared, (6, 6, 6))


@register_network
def resnet18(shared: SharedOptions = _RESNET18) -> ResNet:
    """ResNet-18 for small pictures: 4 stages of 4 binary convolutions. Any picture size.

    References
    ----------
    He et al., "Deep Residual Learning", CVPR 2016; Xu et al., "ReCU", ICCV 2021.
    """
    return _resnet(shared, (4, 4, 4, 4))
