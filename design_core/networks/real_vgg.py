"""VGG-small without bits: real weights and ReLU, what one would deploy in int8 instead.

Order in every block: convolution → batch norm → ReLU → (max-pool). Other than in `vgg_small` the
pool comes last, as is usual where activations are real: runtimes then fold norm and ReLU into the
convolution. It is no network of the registry, since nothing here cuts its values into bits.
"""

from __future__ import annotations

from torch import Tensor, nn

from design_core.networks.activation import build_activation
from design_core.networks.intermediate import Taps, activate

__all__ = ["RealVgg", "real_vgg"]


class _RealBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, pool: bool, act: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.act = act
        self.pool = nn.MaxPool2d(2) if pool else nn.Identity()

    def forward(self, x: Tensor, name: str = "", taps: Taps | None = None) -> Tensor:
        pooled: Tensor = self.pool(activate(self.act, self.norm(self.conv(x)), name, taps))
        return pooled


class RealVgg(nn.Module):
    """Six convolutions and a linear head; see `real_vgg`.

    Attributes
    ----------
    input_shape
        Channels and side of the pictures.
    """

    def __init__(
        self, blocks: list[_RealBlock], head: nn.Linear, input_shape: tuple[int, int]
    ) -> None:
        super().__init__()
        self.input_shape = input_shape
        self.blocks = nn.ModuleDict({f"block{k}": block for k, block in enumerate(blocks, 1)})
        self.head = head

    def forward(self, x: Tensor, taps: Taps | None = None) -> Tensor:
        """Logits (N, classes) of pictures (N, C, H, W); maps are appended to `taps` if given."""
        for name, block in self.blocks.items():
            x = block(x, name, taps)
        logits: Tensor = self.head(x.flatten(1))
        return logits


def real_vgg(
    *,
    width: int = 128,
    activation: str = "relu",
    image_size: int = 32,
    in_channels: int = 3,
    num_classes: int = 10,
) -> RealVgg:
    """As many layers, channels and pixels as `vgg_small` with three stages.

    Parameters
    ----------
    width
        Channels of the first stage; the second has twice, the third four times as many.
    activation
        See `build_activation`.
    image_size
        Pictures are (in_channels, image_size, image_size); a multiple of 8.
    in_channels, num_classes
        Of the pictures, and of the logits.

    Raises
    ------
    ValueError
        A size that three max-pools do not divide.
    """
    if image_size < 8 or image_size % 8:
        raise ValueError(f"Pictures are a multiple of 8 pixels a side; got {image_size}.")
    blocks: list[_RealBlock] = []
    channels = in_channels
    for outputs in (width, 2 * width, 4 * width):
        for pool in (False, True):
            blocks.append(_RealBlock(channels, outputs, pool, build_activation(activation)))
            channels = outputs
    head = nn.Linear(channels * (image_size // 8) ** 2, num_classes)
    return RealVgg(blocks, head, (in_channels, image_size))
