"""What everybody needs to know of a network, read from its options; torch is not needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["NetworkFacts"]


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
