"""What a network sees of a picture, by NumPy alone: at once, where its engine is not ready yet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from design_core.kernels.kernel import ThresholdKernel, binarize
from design_core.zoo.entry import Entry

__all__ = ["first_sight"]

_THRESHOLDS = "picture.act.thresholds"


def first_sight(entry: Entry, square: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture as a network gets it, or the bits that it cuts it into.

    Parameters
    ----------
    square
        uint8, shape (H, W, C), as `PictureForm.square` prepares it.

    Returns
    -------
    uint8, shape (H, W, C): 255 where a bit is +1 and 0 elsewhere. The picture itself where the
    network takes it as it is, gives each pixel several bits, or diffuses errors over it.
    """
    if entry.picture == "sign":
        thresholds = np.zeros((1, 1, 1), np.float32)
    else:
        stored = load(entry.file.data) if entry.file.data else {}
        if _THRESHOLDS not in stored or entry.picture.startswith("thermometer"):
            return square
        thresholds = stored[_THRESHOLDS]
    x = entry.pictures.input(square[None])[0]
    bits = binarize(x, ThresholdKernel.from_thresholds(thresholds))
    return np.where(bits, 255, 0).astype(np.uint8).transpose(1, 2, 0)
