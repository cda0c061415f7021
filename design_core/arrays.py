"""Arrays of whatever maps come as: NumPy's, lists, and tensors, without importing PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["as_array"]


def as_array(maps: ArrayLike | Any) -> NDArray[Any]:
    """Maps as a NumPy array of their own type.

    Parameters
    ----------
    maps
        What NumPy takes, or a torch tensor: of any device, with a gradient or without; bfloat16,
        which NumPy does not have, becomes float32.
    """
    if hasattr(maps, "detach"):
        plain = maps.detach().cpu()
        maps = plain.float() if str(plain.dtype) == "torch.bfloat16" else plain
    return np.asarray(maps)
