"""Pictures as networks get them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from design_core.pictures import Picture

__all__ = ["square_pixels"]


def square_pixels(picture: Picture, channels: int, size: int) -> NDArray[np.uint8]:
    """A picture as networks get it: uint8, shape (size, size, channels), cropped in the middle.

    Of one channel it is the luminance, of three RGB.
    """
    if channels == 1:
        grey = np.rint(picture.luminance() * 255).astype(np.uint8)
        return square_pixels(Picture.from_pixels(grey, name=picture.name), 3, size)[..., :1]
    pixels = np.rint(picture.rgb() * 255).astype(np.uint8).transpose(1, 2, 0)
    if pixels.shape[:2] == (size, size):
        return pixels
    square = ImageOps.fit(Image.fromarray(pixels), (size, size), Image.Resampling.LANCZOS)
    return np.asarray(square)
