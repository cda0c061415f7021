"""The decoded picture, and reducing it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from design_core.text import printable

__all__ = ["BLUE", "GREEN", "RED", "Picture", "PictureError", "Pixels", "fit", "three_channels"]

Pixels: TypeAlias = NDArray[np.uint8 | np.uint16]

# Weights of Rec. 601, the ones of MATLAB's rgb2gray, OpenCV and torchvision, so that figures can be
# compared with theirs.
RED, GREEN, BLUE = 0.299, 0.587, 0.114


class PictureError(ValueError):
    """A picture that cannot be read; the message says what came, what was expected, what to do."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture.

    Parameters
    ----------
    pixels
        Shape (H, W, 3), read-only. uint8; uint16 with three equal channels when the source is grey
        and finer than 8 bits.
    name
        For people: the file's name, or the sample's.
    sha256
        What these pixels are, for caches: the digest of the file's bytes, of shape and pixels when
        there is no file, and one derived from it for a reduced picture.
    notes
        Every conversion made on the way, in short phrases for people.
    """

    pixels: Pixels = field(repr=False)
    name: str
    sha256: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Hold the pixels through a read-only view; the name can be shown and stored."""
        view = self.pixels.view()
        view.flags.writeable = False
        object.__setattr__(self, "pixels", view)
        object.__setattr__(self, "name", printable(self.name))

    def __reduce__(self) -> tuple[Any, ...]:
        """Build anew when unpickled: an array forgets that it is read-only."""
        return Picture, (self.pixels, self.name, self.sha256, self.notes)

    @classmethod
    def from_pixels(cls, pixels: Pixels, *, name: str) -> Picture:
        """Return a picture of an array: grey (H, W), or colour (H, W, 3) of uint8.

        Raises
        ------
        PictureError
            Another shape or dtype.
        """
        grey = pixels.ndim == 2 and pixels.dtype in (np.uint8, np.uint16)
        colour = pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8
        if pixels.size == 0 or not (grey or colour):
            raise PictureError(
                f"{name} has shape {pixels.shape} of {pixels.dtype}. A picture is (H, W) of uint8 "
                "or uint16, or (H, W, 3) of uint8."
            )
        pixels = three_channels(pixels) if grey else pixels
        digest = sha256(f"{pixels.shape} {pixels.dtype}".encode() + pixels.tobytes())
        return cls(pixels, name, digest.hexdigest())

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return int(self.pixels.shape[1])

    def rgb(self) -> NDArray[np.float32]:
        """Return red, green and blue planes: float32, shape (3, H, W), range [0, 1]."""
        planes = self.pixels.transpose(2, 0, 1).astype(np.float32, order="C")
        planes /= np.float32(np.iinfo(self.pixels.dtype).max)
        return planes

    def luminance(self) -> NDArray[np.float32]:
        """Return the luma Y' = 0.299 R' + 0.587 G' + 0.114 B': float32, shape (H, W), range [0, 1].

        Grey pixels keep their value exactly.

        References
        ----------
        ITU-R Recommendation BT.601-7, section 2.5.1.
        """
        red, green, blue = self.rgb()
        # The same sum, written so that the weights multiply zeros where red = green = blue.
        luma: NDArray[np.float32] = green + RED * (red - green) + BLUE * (blue - green)
        return luma


def fit(picture: Picture, longest: int) -> Picture:
    """Return the picture reduced, never enlarged, to at most `longest` pixels a side.

    The aspect ratio is kept to the nearest pixel; the filter is Lanczos', which does not alias.

    Raises
    ------
    PictureError
        `longest` is less than 1.
    """
    if longest < 1:
        raise PictureError(f"The longest side must have at least 1 pixel, not {longest}.")
    height, width = picture.height, picture.width
    scale = longest / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    change = f"reduced from {width}×{height} to {size[0]}×{size[1]}"
    return replace(
        picture,
        pixels=_resized(picture.pixels, size),
        sha256=sha256(f"{picture.sha256} {change}".encode()).hexdigest(),
        notes=(*picture.notes, change),
    )


def three_channels(grey: Pixels) -> Pixels:
    """Repeat a plane (H, W) to (H, W, 3)."""
    return np.repeat(grey[:, :, None], 3, axis=2)


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Resample pixels to (width, height)."""
    if pixels.dtype == np.uint8:
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
    plane = Image.fromarray(pixels[:, :, 0].astype(np.float32))
    grey = np.asarray(plane.resize(size, Image.Resampling.LANCZOS))
    # The filter overshoots at edges.
    return three_channels(np.rint(grey).clip(0, np.iinfo(np.uint16).max).astype(np.uint16))
