"""Threshold kernels as plain data for browsers."""

from __future__ import annotations

from typing import Any

import numpy as np

from design_core.kernels.kernel import ThresholdKernel

__all__ = ["kernel_ranks", "plain_kernel"]


def kernel_ranks(kernel: ThresholdKernel) -> list[int]:
    """Each entry's place in the level set; slices, rows and columns one behind the other."""
    ranks: list[int] = np.searchsorted(kernel.level_set, kernel.levels).ravel().tolist()
    return ranks


def plain_kernel(kernel: ThresholdKernel) -> dict[str, Any]:
    """The kernel as math.js holds it; `unit` is t(level), before strength and offset."""
    unit = kernel.scaled(strength=1.0, offset=0.0).scale.thresholds(kernel.level_set)
    return {
        "name": kernel.name,
        "shape": list(kernel.shape),
        "level_set": list(kernel.level_set),
        "unit": unit.tolist(),
        "ranks": kernel_ranks(kernel),
        "strength": kernel.scale.strength,
        "offset": kernel.scale.offset,
    }
