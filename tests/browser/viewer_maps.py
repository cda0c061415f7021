"""Maps for the browser tests, made alike by the test app and by the tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from design_core.kernels.published import PUBLISHED


def example_maps(count: int, height: int, width: int) -> NDArray[np.float32]:
    """Smooth noise of shape (count, height, width), with exact ties at 0 and at a threshold."""
    rng = np.random.default_rng(7)
    noise = rng.standard_normal((count, height + 4, width + 4))
    windows = [noise[:, a : a + height, b : b + width] for a in range(5) for b in range(5)]
    rough = rng.standard_normal((count, height, width))
    x = (sum(windows) / 5 + 0.4 * rough).astype(np.float32)
    x[:, ::3, ::5] = PUBLISHED["2x2-v2"].thresholds[0, 0, 0]
    x[:, 1::4, ::7] = 0
    return x
