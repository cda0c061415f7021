"""Kernels as code: what runs makes the same kernel."""

from __future__ import annotations

from typing import Any

import pytest

from design_core.kernels.kernel import ThresholdKernel, binarize
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED
from design_core.kernels.python_code import python_code

KERNELS = [
    *PUBLISHED.values(),
    *(pattern() for pattern in PATTERNS.values()),
    PUBLISHED["2x2-v2"].scaled("lloyd-max", strength=-0.3, offset=1 / 3),
    ThresholdKernel.from_thresholds([[0.1, -1 / 3]], name='it\'s "mine"\n\\'),
    ThresholdKernel([[0]], (0,)).scaled("lloyd-max"),
]


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name or str(kernel))
def test_the_code_makes_the_same_kernel(kernel: ThresholdKernel) -> None:
    names: dict[str, Any] = {}
    exec(python_code(kernel), names)
    assert names["kernel"] == kernel
    assert names["kernel"].name == kernel.name
    assert (names["bits"] == binarize(names["x"], kernel)).all()
