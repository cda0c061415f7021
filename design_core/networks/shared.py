"""The options that networks have in common, and the layers that they decide."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from design_core.networks.activation import build_activation
from design_core.networks.layers import BinaryConv2d
from design_core.networks.picture import PictureCut, build_picture_cut

__all__ = ["SharedOptions"]


@dataclass(frozen=True, kw_only=True)
class SharedOptions:
    """What every network here can be asked for.

    A builder whose first parameter is called ``shared`` has all of these as options; its default
    for that parameter says what they are unless somebody asks.

    Parameters
    ----------
    width
        Channels of the first stage.
    activation, surrogate
        See `build_activation`.
    affine
        Whether the batch norms before the activations learn γ and β. With a learned β the network
        can move any threshold that is the same for a whole channel; without it, it cannot.
    binarizer, padding
        Of the binary layers, see `BinaryConv2d`.
    picture
        ``real``, or what cuts the picture into bits, see `build_picture_cut`. The first
        convolution is then binary, and its border that of the others.
    in_channels, num_classes
        Of the pictures, and of the logits.
    """

    width: int = 128
    activation: str = "sign"
    surrogate: str = "clip"
    affine: bool = True
    binarizer: str = "bnn"
    padding: str = "one"
    picture: str = "real"
    in_channels: int = 3
    num_classes: int = 10

    def cut(self) -> PictureCut | None:
        """What cuts the picture, None for real pictures."""
        return build_picture_cut(self.picture, self.in_channels, surrogate=self.surrogate)

    def act(self, layer: int, channels: int) -> nn.Module:
        """The activation of a layer, counted from the input, for maps of so many channels."""
        return build_activation(
            self.activation, surrogate=self.surrogate, layer=layer, channels=channels
        )

    def norm(self, channels: int) -> nn.BatchNorm2d:
        """The batch norm before an activation."""
        return nn.BatchNorm2d(channels, affine=self.affine)

    def conv(
        self, inputs: int, outputs: int, *, stride: int = 1, padding: str | None = None
    ) -> BinaryConv2d:
        """A binary 3×3 convolution; `padding` where the border is not that of the others."""
        return BinaryConv2d(
            inputs,
            outputs,
            stride=stride,
            padding=self.padding if padding is None else padding,
            binarizer=self.binarizer,
        )
