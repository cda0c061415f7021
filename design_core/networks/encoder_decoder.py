"""A class for every pixel: a chain of convolutions that halve the maps, then enlarge them again.

    picture ─ real conv, pool ─ conv, pool ─ conv, pool ─ convs ─ ↑2 conv ─ ↑2 conv ─ scores ↑2

There are no skip connections, so that all hidden maps are bits, one after the other, and the 1-bit
engine runs the network as a chain. Bits are enlarged by nearest neighbour and stay bits; a 1×1
convolution of real weights gives scores at half the picture's size, which are enlarged bilinearly.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from design_core.networks.intermediate import Taps
from design_core.networks.picture import PictureCut
from design_core.networks.pooling import enlarged_bilinearly
from design_core.networks.registry import register_network
from design_core.networks.shared import SharedOptions
from design_core.networks.vgg import ConvBlock

__all__ = ["EncoderDecoder", "PixelHead", "UpBlock", "encoder_decoder"]


class UpBlock(ConvBlock):
    """A `ConvBlock` on maps of twice the size, (N, C, H, W) → (N, C', 2H, 2W)."""

    def forward(self, x: Tensor, name: str = "", taps: Taps | None = None) -> Tensor:
        """Every pixel of x four times, then the block."""
        return super().forward(F.interpolate(x, scale_factor=2, mode="nearest"), name, taps)


class PixelHead(nn.Module):
    """Scores of every pixel: 1×1 convolution of real weights, batch norm, twice the size."""

    def __init__(self, inputs: int, num_classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, num_classes, 1, bias=False)
        self.norm = nn.BatchNorm2d(num_classes)

    def forward(self, x: Tensor) -> Tensor:
        return enlarged_bilinearly(self.norm(self.conv(x)))


class EncoderDecoder(nn.Module):
    """A chain of `ConvBlock` and `UpBlock`, and a `PixelHead`; see `encoder_decoder`."""

    def __init__(
        self,
        blocks: list[ConvBlock],
        head: PixelHead,
        picture: PictureCut | None,
        *,
        stages: int,
    ) -> None:
        super().__init__()
        self.picture = picture
        self.blocks = nn.ModuleDict({f"block{k}": block for k, block in enumerate(blocks, 1)})
        self.head = head
        self.unit = 2**stages

    def forward(self, x: Tensor, taps: Taps | None = None) -> Tensor:
        """Scores (N, classes, H, W) of pictures (N, C, H, W); maps go to `taps` if given.

        Raises
        ------
        ValueError
            Pictures whose sides the max-pools do not divide.
        """
        height, width = x.shape[-2:]
        if height % self.unit or width % self.unit:
            raise ValueError(
                f"Pictures of {width}×{height} do not come back at their own size; both sides must "
                f"be multiples of {self.unit}."
            )
        if self.picture is not None:
            x = self.picture(x, taps)
        for name, block in self.blocks.items():
            x = block(x, name, taps)
        scores: Tensor = self.head(x)
        return scores


_MAX_STAGES, _MAX_MIDDLE = 6, 16
_SHARED = SharedOptions(width=16, num_classes=11)


@register_network
def encoder_decoder(
    shared: SharedOptions = _SHARED, *, stages: int = 3, middle: int = 2
) -> EncoderDecoder:
    """An encoder-decoder of 3×3 convolutions, the first real, the others binary.

    Parameters
    ----------
    shared
        See `SharedOptions`; `width` doubles from stage to stage, and halves on the way back.
    stages
        Each halves the maps; pictures' sides are multiples of 2 to that power.
    middle
        Convolutions at the smallest size.

    References
    ----------
    Badrinarayanan et al., "SegNet", TPAMI 2017, whose enlargement goes by the places of maxima;
    here it goes by nearest neighbour, which needs none.
    """
    for option, value, most in (("stages", stages, _MAX_STAGES), ("middle", middle, _MAX_MIDDLE)):
        if not 1 <= value <= most:
            raise ValueError(f"{option} is 1 to {most}; got {value}.")
    cut = shared.cut()
    channels = shared.in_channels * (cut.copies if cut else 1)
    blocks: list[ConvBlock] = []

    def add(kind: type[ConvBlock], outputs: int, *, pool: bool = False) -> None:
        nonlocal channels
        conv: nn.Module = (
            shared.conv(channels, outputs, first=not blocks)
            if blocks or cut
            else nn.Conv2d(channels, outputs, 3, padding=1, bias=False)
        )
        blocks.append(kind(conv, pool, shared.norm(outputs), shared.act(len(blocks), outputs)))
        channels = outputs

    for stage in range(stages):
        add(ConvBlock, shared.width * 2**stage, pool=True)
    for _ in range(middle):
        add(ConvBlock, channels)
    for stage in reversed(range(stages - 1)):
        add(UpBlock, shared.width * 2**stage)
    return EncoderDecoder(blocks, PixelHead(channels, shared.num_classes), cut, stages=stages)
