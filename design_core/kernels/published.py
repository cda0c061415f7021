"""The kernels that the authors published (repository bemc22/DeSign), by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from design_core.kernels.kernel import ThresholdKernel

__all__ = ["PUBLISHED", "published_kernel"]

# The baseline's levels are ranks 1 to 4; all others are of Ω.
_LEVELS = {
    "2x2-v1": "1 1;0 3",
    "2x2-v2": "1 1;3 3",
    "2x2-complement-v1": "1 1;0 3|7 7;9 5",
    "2x2-complement-v2": "1 1;3 3|7 7;5 5",
    "2x2x4-shifted-v1": "1 1;0 3|3 3;1 5|5 5;3 7|7 7;5 9",
    "2x2x4-shifted-v2": "1 1;3 3|3 3;5 5|5 5;7 7|7 7;9 9",
    "3x3-symmetric-v1": "3 1 3;1 0 1;3 1 3",
    "3x3-symmetric-v2": "5 1 3;1 0 1;3 1 5",
    "3x3-symmetric-v3": "3 0 3;0 1 0;3 0 3",
    "3x3x2-complement-v1": "1 3 1;3 1 3;1 3 1|7 5 7;5 7 5;7 5 7",
    "3x3x4-shifted-v1": "1 3 1;3 1 3;1 3 1|3 5 3;5 3 5;3 5 3|5 7 5;7 5 7;5 7 5|7 9 7;9 7 9;7 9 7",
    "cifar100-2x2": "1 1;0 0",
    "cifar100-3x3": "1 0 1;0 1 0;1 0 1",
    "hprof": "1 3;1 3",
    "baseline-2x2x4": "3 4;1 2|2 1;3 4|4 3;2 1|1 2;4 3",
}

#: Every published kernel with the authors' scale, by name.
PUBLISHED: Mapping[str, ThresholdKernel] = MappingProxyType(
    {name: ThresholdKernel.from_text(text, name=name) for name, text in _LEVELS.items()}
)


def published_kernel(name: str) -> ThresholdKernel:
    """The published kernel of that name.

    Raises
    ------
    ValueError
        Unknown name; the message lists all.
    """
    if name not in PUBLISHED:
        raise ValueError(f"Unknown kernel {name!r}; published are {', '.join(PUBLISHED)}.")
    return PUBLISHED[name]
