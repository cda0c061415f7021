"""Pictures as networks get them: square, or of a shape of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from design_core.pictures import Picture

__all__ = ["fitted_pixels", "square_pixels"]


def square_pixels(picture: Picture, channels: int, size: int) -> NDArray[np.uint8]:
    """`fitted_pixels` of a square: uint8, shape (size, size, channels)."""
    return fitted_pixels(picture, channels, (size, size))


def fitted_pixels(picture: Picture, channels: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture as networks get it: uint8, shape (height, width, channels), cropped in the middle.

    Of one channel it is the luminance, of three RGB.

    Parameters
    ----------
    size
        Height and width.
    """
    if channels == 1:
        grey = np.rint(picture.luminance() * 255).astype(np.uint8)
        return fitted_pixels(Picture.from_pixels(grey, name=picture.name), 3, size)[..., :1]
    pixels = np.rint(picture.rgb() * 255).astype(np.uint8).transpose(1, 2, 0)
    if pixels.shape[:2] == size:
        return pixels
    height, width = size
    fitted = ImageOps.fit(Image.fromarray(pixels), (width, height), Image.Resampling.LANCZOS)
    return np.asarray(fitted)
