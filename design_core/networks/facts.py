"""What everybody needs to know of a network, read from its options; torch is not needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["PICTURE", "PIXEL_NETWORKS", "PLANE_OPTIONS", "NetworkFacts"]

#: What the cut of the picture is called among the layers.
PICTURE = "picture"

#: Networks that give a class to every pixel instead of one to the picture.
PIXEL_NETWORKS = ("encoder_decoder",)

#: Options that make more than one plane of bits; 1 each unless somebody asks.
PLANE_OPTIONS = ("weight_bits", "activation_bits", "weight_bases", "activation_bases")


class NetworkFacts:
    """Facts of whatever has the options of a network, with what holds where one is left out.

    A network need not have all options: only ``activation`` is asked for by `register_network`.
    """

    def network_options(self) -> Mapping[str, Any]:
        """The options, for those who know them."""
        raise NotImplementedError

    @property
    def activation(self) -> str:
        """Its activation, as recipes write it."""
        return str(self.network_options()["activation"])

    @property
    def gives_bits(self) -> bool:
        """Whether each of its activations is one bit: neither real nor a sum of several."""
        from design_core.networks.activation import is_real

        options = self.network_options()
        several = options.get("binarizer") == "abc" or int(options.get("activation_bits", 1)) > 1
        return not several and not is_real(self.activation)

    @property
    def picture(self) -> str:
        """What cuts its pictures before the first layer; ``real`` where nothing does."""
        return str(self.network_options().get("picture", "real"))

    @property
    def affine(self) -> bool:
        """Whether batch norms learn γ and β, as they do unless somebody says otherwise."""
        return bool(self.network_options().get("affine", True))

    @property
    def width(self) -> int | None:
        """Channels of the first stage; None where nobody can choose them."""
        width = self.network_options().get("width")
        return None if width is None else int(width)

    @property
    def in_channels(self) -> int:
        """Channels of a picture, three unless it says so."""
        return int(self.network_options().get("in_channels", 3))

    @property
    def image_size(self) -> int | None:
        """Side of its pictures; None where it takes any."""
        side = self.network_options().get("image_size")
        return None if side is None else int(side)
