"""Error diffusion: what a threshold that is the same everywhere can do if errors may travel.

The reference beside ordered dithering: each pixel's rounding error is handed on to the neighbours
that are still to come, so that neighbours stand in for each other as well as they can. It is no
activation of a network that runs in parallel, since every bit depends on the bits before it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.compiling import compiled
from design_core.kernels.kernel import refuse_nan

__all__ = ["AMPLITUDE", "floyd_steinberg"]

#: What the bits stand for, ±√3: values of mean 0 and variance 1, spread evenly, fill that range.
AMPLITUDE = math.sqrt(3)


def floyd_steinberg(x: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Bits of maps by Floyd and Steinberg's error diffusion, row by row in serpentine order.

    ``y = +1 where v ≥ 0``, where v is x and the errors that reached it. The error, v minus ±√3 (see
    `AMPLITUDE`), goes on to the pixels that come later: 7/16 to the next, 3/16, 5/16 and 1/16 to
    the three below. Every second row runs from right to left. Beyond the border errors are lost.

    Parameters
    ----------
    x
        Values of mean 0 and variance 1, such as normalized pictures or batch-norm outputs, shape
        (..., H, W). Those beyond ±√3 are taken as ±√3, which no pattern of bits could exceed.

    Returns
    -------
    bool array of the shape of x, True for +1.

    Raises
    ------
    ValueError
        Integers, fewer than two axes, or NaN.

    References
    ----------
    R. W. Floyd and L. Steinberg, "An adaptive algorithm for spatial greyscale", 1976. Inside
    networks: Ando et al., "Dither NN", FPT 2018.
    """
    if x.ndim < 2 or not np.issubdtype(x.dtype, np.floating):
        raise ValueError(
            "floyd_steinberg takes floating-point maps of shape (..., H, W); "
            f"got {x.dtype} of shape {x.shape}."
        )
    refuse_nan(x)
    maps = np.ascontiguousarray(x, dtype=np.float32).reshape(-1, *x.shape[-2:])
    bits: NDArray[np.bool_] = _diffuse(maps).reshape(x.shape)
    return bits


@compiled
def _diffuse(maps: NDArray[np.float32]) -> NDArray[np.bool_]:
    count, height, width = maps.shape
    bits = np.zeros(maps.shape, np.bool_)
    limit = np.float32(AMPLITUDE)
    sixteenth = np.float32(1 / 16)
    # A column more on either side takes what leaves the map.
    here = np.zeros(width + 2, np.float32)
    below = np.zeros(width + 2, np.float32)
    for n in range(count):
        here[:] = 0
        for i in range(height):
            below[:] = 0
            step = 1 if i % 2 == 0 else -1
            for k in range(width):
                j = k if step == 1 else width - 1 - k
                value = maps[n, i, j]
                value = min(max(value, -limit), limit) + here[j + 1]
                bits[n, i, j] = value >= 0
                error = (value - (limit if value >= 0 else -limit)) * sixteenth
                here[j + 1 + step] += 7 * error
                below[j + 1 - step] += 3 * error
                below[j + 1] += 5 * error
                below[j + 1 + step] += error
            here, below = below, here
    return bits
