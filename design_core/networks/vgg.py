"""The VGG-small chain of BinaryNet: n-n-MP-2n-2n-MP-4n-4n-MP, then one linear head.

Order in every block: convolution → (max-pool) → batch norm → activation, as DeSign asks for:
its thresholds are in units of the batch-norm output.
"""

from __future__ import annotations

from torch import Tensor, nn

from design_core.networks.intermediate import Taps, activate
from design_core.networks.layers import BinaryLinear
from design_core.networks.picture import PictureCut
from design_core.networks.pooling import LowPass, MaxPool2x2
from design_core.networks.registry import register_network
from design_core.networks.shared import SharedOptions

__all__ = ["ConvBlock", "Head", "VggSmall", "tiny", "vgg_small"]

_KINDS = ("real", "binary")


class ConvBlock(nn.Module):
    """Convolution → (2×2 max-pool) → (low-pass) → batch norm → activation."""

    def __init__(
        self,
        conv: nn.Module,
        pool: bool,
        norm: nn.BatchNorm2d,
        act: nn.Module,
        *,
        low_pass: bool = False,
    ) -> None:
        super().__init__()
        self.conv = conv
        self.pool = MaxPool2x2() if pool else nn.Identity()
        self.low_pass = LowPass() if low_pass else nn.Identity()
        self.norm = norm
        self.act = act

    def forward(self, x: Tensor, name: str = "", taps: Taps | None = None) -> Tensor:
        """What the activation makes of (N, C, H, W); see `activate`."""
        sums = self.low_pass(self.pool(self.conv(x)))
        return activate(self.act, self.norm(sums), name, taps)


class Head(nn.Module):
    """Linear layer on the flattened maps, then batch norm on the logits.

    The features are ±1, thousands of them, and move together: without the batch norm a single
    optimizer step changes the logits by tens and the loss explodes.
    """

    def __init__(self, linear: nn.Linear | BinaryLinear, num_classes: int) -> None:
        super().__init__()
        self.linear = linear
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
            x = self.picture(x, taps)
        for name, block in self.blocks.items():
            x = block(x, name, taps)
        logits: Tensor = self.head(x)
        return logits


_VGG_SMALL = SharedOptions()
_TINY = SharedOptions(width=16, in_channels=1)


@register_network
def vgg_small(
    shared: SharedOptions = _VGG_SMALL,
    *,
    stages: int = 3,
    first: str = "real",
    last: str = "real",
    image_size: int = 32,
    low_pass: bool = False,
) -> VggSmall:
    """BinaryNet / VGG-small: per stage two 3×3 convolutions and a max-pool, the width doubling.

    Parameters
    ----------
    shared
        See `SharedOptions`.
    stages
        Each halves the maps; 3 in the paper.
    first, last
        ``real`` or ``binary`` weights of the first convolution and of the head.
    image_size
        Pictures are (in_channels, image_size, image_size).
    low_pass
        Whether every map is smoothed before its batch norm, so that neighbours are alike; for the
        question whether a pattern needs that. Such a network is not packed.

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
    cut = shared.cut()
    blocks: list[ConvBlock] = []
    channels = shared.in_channels * (cut.copies if cut else 1)
    for stage in range(stages):
        out = shared.width * 2**stage
        for pool in (False, True):
            if blocks or cut or first == "binary":
                # Real pictures are centred: 0, their mean, is the neutral border.
                border = None if blocks or cut else "zero"
                conv: nn.Module = shared.conv(channels, out, padding=border, first=not blocks)
            else:
                conv = nn.Conv2d(channels, out, 3, padding=1, bias=False)
            act = shared.act(len(blocks), out)
            blocks.append(ConvBlock(conv, pool, shared.norm(out), act, low_pass=low_pass))
            channels = out
    features, classes = channels * side * side, shared.num_classes
    linear: nn.Linear | BinaryLinear = (
        BinaryLinear(
            features,
            classes,
            binarizer=shared.weights(classes),
            input_planes=shared.activation_planes,
        )
        if last == "binary"
        else nn.Linear(features, classes, bias=False)
    )
    return VggSmall(blocks, Head(linear, classes), cut)


@register_network
def tiny(shared: SharedOptions = _TINY, *, image_size: int = 8) -> VggSmall:
    """A `vgg_small` of two stages for 8×8 digits: seconds to train, kilobytes to keep."""
    return vgg_small(shared, stages=2, image_size=image_size)
