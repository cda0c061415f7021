"""A kernel that suits given maps: its thresholds centred, or the best one found on them exactly.

All published thresholds lie above 0. Maps whose bright parts are wide and even, as those of a
screenshot or a scan, have few values up there, and the bits of such kernels are nearly all −1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.kernels.kernel import OMEGA, ThresholdKernel, binarize
from design_core.scaling import Scale
from design_core.scores import block_entropy
from design_core.search.block_tables import estimate_tables
from design_core.search.find import find_kernels

__all__ = ["FEW", "BestKernel", "best_kernel", "centred", "loss_words", "spread_thresholds"]

#: A map on which less than this share of all pixels fires, or does not, is taken as lost.
FEW = 0.1

Maps = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class BestKernel:
    """What the search on given maps found.

    Attributes
    ----------
    kernel
        The best kernel, with its scale.
    bits, bits_before
        What it keeps, and what the kernel before kept: entropy of 2×2 blocks in bits per pixel,
        the mean over the maps.
    searched
        How many kernels were searched.
    """

    kernel: ThresholdKernel
    bits: float
    bits_before: float
    searched: int


def centred(kernel: ThresholdKernel) -> ThresholdKernel:
    """The kernel moved so that its thresholds have mean 0, where Sign cuts.

    Examples
    --------
    >>> from design_core import published_kernel
    >>> float(abs(centred(published_kernel("2x2-v2")).thresholds.mean()))
    0.0
    """
    offset = kernel.scale.offset - float(kernel.thresholds.mean())
    return kernel.scaled(offset=round(offset, 12))


def loss_words(x: Maps, kernel: ThresholdKernel) -> str:
    """Why the bits of maps are nearly all alike, in a sentence; nothing where they are not.

    Parameters
    ----------
    x
        Pre-activations, shape (C, H, W).
    """
    fires = float(binarize(x, kernel).mean())
    low, high = float(kernel.thresholds.min()), float(kernel.thresholds.max())
    reach = f"{_signed(low)}" if low == high else f"{_signed(low)} to {_signed(high)}"
    if fires < FEW and low > 0:
        return (
            f"Nearly black, because all thresholds lie above 0, at {reach}, and only {fires:.0%} "
            "of this picture's values reach them."
        )
    if fires > 1 - FEW and high < 0:
        return (
            f"Nearly white, because all thresholds lie below 0, at {reach}, and only "
            f"{1 - fires:.0%} of this picture's values stay under them."
        )
    return ""


def best_kernel(x: Maps, kernel: ThresholdKernel, *, source: str = "maps") -> BestKernel:
    """The 2×2 kernel that keeps most of these very maps, of all on six thresholds fitted to them.

    Tables counted on the maps score every kernel of 2×2, and none is left out.

    Parameters
    ----------
    x
        Pre-activations, shape (C, H, W), H and W at least 2.
    kernel
        What to compare with.
    source
        What the maps are, for people.

    Raises
    ------
    ValueError
        Maps that are flat, or too small.
    """
    scale = spread_thresholds(x, OMEGA)
    tables = estimate_tables([x.astype(np.float32)], OMEGA, scale=scale, source=source)
    found = find_kernels(tables, (2, 2), objective="information", top=1)
    best = found.best[0].kernel.renamed(f"best 2×2 for {source}")
    return BestKernel(best, _kept(x, best), _kept(x, kernel), found.evaluated)


def spread_thresholds(x: Maps, level_set: tuple[int, ...]) -> Scale:
    """Thresholds at even steps over the values that maps take, the outer hundredths left out.

    Unlike quantiles they do not crowd where values do. On a scan nearly all values are the paper's,
    and thresholds among them would cut its grain and not the print.

    Raises
    ------
    ValueError
        Maps that are flat.

    Examples
    --------
    >>> spread_thresholds(np.linspace(0, 1, 101)[None, None], (1, 3)).values
    (0.255, 0.745)
    """
    ends = np.quantile(x, [0.01, 0.99])
    low, high = ends if ends[0] < ends[1] else (x.min(), x.max())
    if low == high:
        raise ValueError(
            "The maps are flat: every value is the same, and no threshold separates them."
        )
    steps = (2 * np.arange(len(level_set)) + 1) / (2 * len(level_set))
    return Scale("custom", values=tuple((low + (high - low) * steps).round(12).tolist()))


def _kept(x: Maps, kernel: ThresholdKernel) -> float:
    return float(block_entropy(binarize(x, kernel), period=kernel.shape[1:]).mean())


def _signed(number: float) -> str:
    return f"{number:.2f}".replace("-", "−")
