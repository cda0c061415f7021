"""What each way of searching returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from design_core.search.landscape import Landscape

__all__ = ["Found"]

Ranks = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Found:
    """What each way of searching returns; level ranks among the scorer's levels."""

    method: str
    kernels: Sequence[Ranks]
    exact: bool
    bound: float | None
    evaluated: int
    worst: Ranks | None = None
    ties: int | None = None
    count: int | None = None
    listed: Landscape | None = None
