"""What a network sees of a picture: its part of it, at its size, in bits where it cuts it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from design_core.networks.picture import PictureCut
from design_core.pictures import Picture
from design_core.zoo.checkpoint import Checkpoint, PictureForm

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
    pixels, size = form.pixels(picture)[0].numpy(), (picture.height, picture.width)
    same = size == pixels.shape[:2] and np.array_equal(
        np.broadcast_to(pixels, picture.pixels.shape), picture.pixels
    )
    return Seen(pixels, size, same)


@torch.inference_mode()
def picture_bits(picture: Picture, checkpoint: Checkpoint) -> NDArray[np.uint8] | None:
    """The bits that a network cuts a picture into, in the colours that they stand for.

    Returns
    -------
    uint8 of shape (side, side, C): 255 where a bit is +1 and 0 elsewhere, so that a pixel of three
    bits has one of eight colours. Of a thermometer the share of its bits that are +1. None for a
    network that takes the real picture.
    """
    cut = getattr(checkpoint.model, "picture", None)
    if not isinstance(cut, PictureCut):
        return None
    form = checkpoint.pictures
    bits = cut(form.normalized(form.pixels(picture)))[0] > 0
    shares = bits.float().unflatten(0, (-1, cut.copies)).mean(1)  # (C, H, W)
    pixels: NDArray[np.uint8] = (255 * shares).round().byte().permute(1, 2, 0).contiguous().numpy()
    return pixels
