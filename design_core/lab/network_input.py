"""What a network sees of a picture: its part of it, at its size, in bits where it cuts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from design_core.engine.bits import unpack_bits
from design_core.engine.layers import Cut
from design_core.engine.network import PackedNetwork
from design_core.pictures import Picture
from design_core.zoo.entry import Entry
from design_core.zoo.network_file import PictureForm

if TYPE_CHECKING:
    from design_core.zoo.checkpoint import Checkpoint

__all__ = ["Seen", "picture_bits", "seen"]


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture as a network gets it.

    Parameters
    ----------
    pixels
        uint8, shape (H, W, C), C = 1 for luminance or 3 for RGB; before normalization.
    original
        (height, width) of the picture that it was made of.
    unchanged
        Whether the picture is seen just as it is.
    """

    pixels: NDArray[np.uint8]
    original: tuple[int, int]
    unchanged: bool = False

    @property
    def side(self) -> int:
        """Rows, and columns, of what the network sees."""
        return int(self.pixels.shape[0])

    @property
    def grey(self) -> bool:
        """Whether colour was dropped."""
        return bool(self.pixels.shape[2] == 1)

    @property
    def crop(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the part that is kept, as shares of the original."""
        height, width = self.original
        kept = min(height, width)
        return (
            (width - kept) / (2 * width),
            (height - kept) / (2 * height),
            kept / width,
            kept / height,
        )

    def words(self) -> str:
        """What was done to the picture.

        Examples
        --------
        >>> Seen(np.zeros((32, 32, 3), np.uint8), (300, 451)).words()
        'The middle 300×300 of 451×300 pixels, reduced to 32×32.'
        >>> Seen(np.zeros((8, 8, 1), np.uint8), (8, 8)).words()
        'All 8×8 pixels as they are, in grey.'
        """
        height, width = self.original
        kept, side = min(height, width), self.side
        whole = f"{width}×{height} pixels"
        part = f"All {whole}" if height == width else f"The middle {kept}×{kept} of {whole}"
        if kept == side:
            change = " as they are" if height == width else ""
        else:
            change = f", {'reduced' if kept > side else 'enlarged'} to {side}×{side}"
        return f"{part}{change}{', in grey' if self.grey else ''}."


def seen(picture: Picture, form: PictureForm) -> Seen:
    """What a network of this form is given, before normalization."""
    pixels, size = form.square(picture), (picture.height, picture.width)
    same = size == pixels.shape[:2] and np.array_equal(
        np.broadcast_to(pixels, picture.pixels.shape), picture.pixels
    )
    return Seen(pixels, size, same)


def picture_bits(picture: Picture, entry: Entry) -> NDArray[np.uint8] | None:
    """The bits that a network cuts a picture into, in the colours that they stand for.

    Returns
    -------
    uint8 of shape (side, side, C): 255 where a bit is +1 and 0 elsewhere, so that a pixel of three
    bits has one of eight colours. Of a thermometer the share of its bits that are +1. None for a
    network that takes the real picture.
    """
    if entry.picture == "real":
        return None
    form = entry.pictures
    x = form.input(form.square(picture)[None])
    bits = _bits_on_engine(x, entry.packed) if entry.packed else _bits_in_torch(x, entry.checkpoint)
    side = form.shape[1]
    shares = bits.reshape(side, side, form.shape[0], -1).mean(-1)  # the bits of a colour together
    pixels: NDArray[np.uint8] = np.rint(255 * shares).astype(np.uint8)
    return pixels


def _bits_on_engine(x: NDArray[np.float32], packed: PackedNetwork) -> NDArray[np.bool_]:
    """(H, W, channels): what the first cut gives."""
    cut = next(k for k, layer in enumerate(packed.layers) if isinstance(layer, Cut))
    layer = packed.layers[cut]
    assert isinstance(layer, Cut)
    return unpack_bits(packed.maps(x)[cut][0], layer.cuts.shape[-1])


def _bits_in_torch(x: NDArray[np.float32], checkpoint: Checkpoint) -> NDArray[np.bool_]:
    import torch

    from design_core.networks import activation_maps

    seen_first = activation_maps(checkpoint.model, torch.from_numpy(x))[1][0]
    bits: NDArray[np.bool_] = (seen_first.y[0] > 0).permute(1, 2, 0).numpy()
    return bits
