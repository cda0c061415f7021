"""Edges of the pattern, apart from edges of the picture.

A kernel flips bits where the picture is flat: wherever a value lies between two neighbouring
thresholds. So total variation alone credits a kernel for its own pattern. What the pattern would
show without any picture is measured on flat fields of the picture's own values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.kernels.kernel import ThresholdKernel

__all__ = ["pattern_variation"]


def pattern_variation(x: NDArray[np.floating[Any]], kernel: ThresholdKernel) -> NDArray[np.float64]:
    """Total variation of flat fields, each of one value of a map, cut by the kernel: their mean.

    A flat field of value v fires where v ≥ T, so two neighbours with thresholds a < b differ for
    the share of values with a ≤ v < b. The mean over all values is therefore the total variation
    of the map that holds, at each pixel, the share of values that its threshold lets fire.

    Parameters
    ----------
    x
        Pre-activations, shape (C, H, W); map c is cut by slice c mod s.

    Returns
    -------
    float64 array of shape (C,)
        Edges per pixel, as `total_variation`; 0 for a uniform threshold, so for Sign. On maps whose
        values do not depend on the place in the kernel it is at most the total variation of the
        bits, and what is left is twice the share of neighbours between which x crosses both their
        thresholds.

    Examples
    --------
    >>> import numpy as np
    >>> from design_core.kernels.kernel import ThresholdKernel
    >>> half = np.array([[[-1.0, 1.0], [-1.0, 1.0]]], dtype=np.float32)
    >>> stripes = ThresholdKernel.from_thresholds([[0.0], [2.0]])
    >>> pattern_variation(half, stripes)  # half of the values lie between 0 and 2
    array([0.5])
    """
    thresholds = kernel.thresholds.astype(np.float32)
    height, width = x.shape[-2:]
    found = []
    for channel, plane in enumerate(x):
        values = np.sort(plane, axis=None)
        cut = thresholds[channel % len(thresholds)]
        fires = 1 - np.searchsorted(values, cut) / values.size
        found.append(_tiled_variation(fires, height, width))
    return np.array(found)


def _tiled_variation(cell: NDArray[np.floating[Any]], height: int, width: int) -> float:
    """Total variation per pixel of a map that repeats a cell, without making the map."""
    found = 0.0
    for values, along, across in ((cell, width, height), (cell.T, height, width)):
        if along > 1:
            changes = np.abs(np.roll(values, -1, axis=1) - values)
            rows, columns = (
                np.bincount(np.arange(count) % period, minlength=period)
                for count, period in zip((across, along - 1), values.shape, strict=True)
            )
            found += float(rows @ changes @ columns) / (across * (along - 1))
    return found
