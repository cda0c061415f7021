"""Files of binary maps: arrays for further work, and an animation of a strength sweep."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from design_core.kernels.kernel import ThresholdKernel, binarize
from design_core.output.drawing import INK, PAPER, enlarge

__all__ = ["bits_npz", "strength_sweep"]


def bits_npz(
    x: NDArray[np.float32], kernel: ThresholdKernel, *, names: Sequence[str] = ()
) -> bytes:
    """Bits and what made them, as a compressed NPZ file.

    Parameters
    ----------
    x
        Pre-activations, shape (C, H, W).
    kernel
        The kernel that cuts them.
    names
        One per map, or none.

    Returns
    -------
    bytes
        The arrays ``design`` and ``sign`` (bool, shape of x), ``x``, ``thresholds`` (float32, as
        compared with x), ``levels`` and ``names``.
    """
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        design=binarize(x, kernel),
        sign=x >= 0,
        x=x,
        thresholds=kernel.thresholds.astype(x.dtype),
        levels=kernel.levels,
        names=np.array(names, dtype=str),
    )
    return buffer.getvalue()


def strength_sweep(
    x: NDArray[np.float32],
    kernel: ThresholdKernel,
    *,
    channel: int = 0,
    strengths: Sequence[float] = tuple(np.linspace(0, 1, 21).round(2)),
    factor: int = 1,
    milliseconds: int = 80,
) -> bytes:
    """How Sign becomes DeSign: a GIF of one map's bits while the strength rises and falls.

    Parameters
    ----------
    x
        One map, shape (H, W).
    channel
        Which channel of the layer it is; slice ``channel mod s`` cuts it.
    strengths
        From first to last, and then back again.
    factor
        Whole enlargement.
    milliseconds
        Per step.

    Returns
    -------
    bytes
        An endless GIF in the two tones of a bit, without loss.

    Raises
    ------
    ValueError
        No strengths, or a map that is not (H, W).
    """
    if x.ndim != 2:
        raise ValueError(f"A sweep shows one map of shape (H, W); got shape {x.shape}.")
    if not strengths:
        raise ValueError("A sweep needs at least one strength.")
    own = kernel.for_channel(channel)
    there_and_back = [*strengths, *strengths[-2:0:-1]]
    frames = [_frame(binarize(x, own.scaled(strength=float(s))), factor) for s in there_and_back]
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=frames[1:],
        duration=milliseconds,
        loop=0,
        optimize=False,
    )
    return buffer.getvalue()


def _frame(bits: NDArray[np.bool_], factor: int) -> Image.Image:
    frame = Image.fromarray(enlarge(bits, factor).astype(np.uint8), mode="P")
    frame.putpalette([*INK, *PAPER])
    return frame
