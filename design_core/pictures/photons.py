"""A sensor that counts photons: pictures as they are in little light.

The number of photons that a pixel collects is Poisson-distributed about what the light asks for, so
that a dark picture is mostly noise. A **light level** is the mean count at full white.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LIGHT_LEVELS", "in_little_light"]

#: Photons per pixel and colour at full white, from starlight on.
LIGHT_LEVELS = (1, 10, 100, 1000)


def in_little_light(
    pixels: NDArray[np.uint8], photons: float, *, seed: int | tuple[int, ...]
) -> NDArray[np.uint8]:
    """What a sensor reads of a picture in so much light.

    The count of a pixel of value v is Poisson with mean ``photons · v / 255``; it is read back on
    the scale of the picture, ``255 · count / photons``, rounded. A pixel's well is full at 255:
    more photons read as white.

    Parameters
    ----------
    pixels
        uint8, any shape.
    photons
        Mean count at full white, above 0.
    seed
        Of the noise; the same seed gives the same picture again.

    Raises
    ------
    ValueError
        `photons` is not a positive number.

    References
    ----------
    Elgendy and Chan, "Optimal threshold design for quanta image sensor", IEEE Transactions on
    Computational Imaging 4, 2018, section II.
    """
    if not photons > 0 or not np.isfinite(photons):
        raise ValueError(f"A light level is a positive number of photons; got {photons!r}.")
    counts = np.random.default_rng(seed).poisson(pixels * (photons / 255))
    read: NDArray[np.float64] = np.rint(counts * (255 / photons))
    return read.clip(0, 255).astype(np.uint8)
