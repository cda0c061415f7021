"""The options that networks have in common, and the layers that they decide."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from design_core.activations import BinaryActivation
from design_core.networks.activation import build_activation
from design_core.networks.binarizers import WeightBinarizer, build_binarizer
from design_core.networks.layers import BinaryConv2d
from design_core.networks.multi_bit import with_bases, with_bits
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
    weight_bits, activation_bits
        1 to 8. Weights of more than one bit are those of DoReFa, see
        `design_core.networks.binarizers.DorefaBits`; activations of more than one bit are
        quantizers whose thresholds the kernel dithers, see `DitheredQuantizer`.
    weight_bases, activation_bases
        1 to 8: K and M of ABC-Net. More than one base asks for the binarizer ``abc``, with which
        every binary activation is a `ShiftedSigns`.
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
    weight_bits: int = 1
    activation_bits: int = 1
    weight_bases: int = 1
    activation_bases: int = 1
    picture: str = "real"
    in_channels: int = 3
    num_classes: int = 10

    def cut(self) -> PictureCut | None:
        """What cuts the picture, None for real pictures."""
        return build_picture_cut(self.picture, self.in_channels, surrogate=self.surrogate)

    def act(self, layer: int, channels: int) -> nn.Module:
        """The activation of a layer, counted from the input, for maps of so many channels.

        Raises
        ------
        ValueError
            As `build_activation`; bits or bases that do not fit the rest.
        """
        act = build_activation(
            self.activation, surrogate=self.surrogate, layer=layer, channels=channels
        )
        if self.activation_bases > 1 and self.binarizer != "abc":
            raise ValueError(
                f"activation_bases={self.activation_bases} needs binarizer=abc; got "
                f"binarizer={self.binarizer}."
            )
        if not isinstance(act, BinaryActivation):
            if self.activation_bits > 1 or self.activation_bases > 1:
                raise ValueError(
                    f"activation={self.activation} keeps real values: it has no bits or bases. "
                    "Leave activation_bits and activation_bases at 1."
                )
            return act
        if self.binarizer != "abc":
            return with_bits(act, self.activation_bits)
        if self.activation_bits > 1:
            raise ValueError(
                f"activation_bits={self.activation_bits} and binarizer=abc exclude each other; "
                "what binarizer=abc counts is activation_bases."
            )
        return with_bases(act, self.activation_bases)

    def weights(self, outputs: int) -> WeightBinarizer:
        """What makes the weights of a layer of so many outputs; ValueError as `build_binarizer`."""
        return build_binarizer(
            self.binarizer,
            outputs,
            weight_bits=self.weight_bits,
            weight_bases=self.weight_bases,
        )

    @property
    def activation_planes(self) -> int:
        """Tensors of bits that an activation is a sum of."""
        return max(self.activation_bits, self.activation_bases)

    def norm(self, channels: int) -> nn.BatchNorm2d:
        """The batch norm before an activation."""
        return nn.BatchNorm2d(channels, affine=self.affine)

    def conv(
        self,
        inputs: int,
        outputs: int,
        *,
        stride: int = 1,
        padding: str | None = None,
        first: bool = False,
    ) -> BinaryConv2d:
        """A binary 3×3 convolution.

        Parameters
        ----------
        padding
            Where the border is not that of the others.
        first
            Whether it takes the picture, or else what an activation gives.
        """
        return BinaryConv2d(
            inputs,
            outputs,
            stride=stride,
            padding=self.padding if padding is None else padding,
            binarizer=self.weights(outputs),
            input_planes=1 if first else self.activation_planes,
        )
