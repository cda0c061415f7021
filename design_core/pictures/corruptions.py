"""Corruptions at five severities: `PERTURBATIONS` at strengths that are fixed once for all.

A severity is a strength that Predict offers too, so that one picture there is the picture that the
network saw here, pixel by pixel. Noise is the same pattern on every picture.

References
----------
Hendrycks, Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations", ICLR 2019: the idea and the mean over corruptions and severities. Kinds and
strengths are ours, made for pictures of 32×32; figures cannot be set beside CIFAR-10-C.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from design_core.pictures.perturbations import PERTURBATIONS, Pixels

__all__ = ["CORRUPTIONS", "SEVERITIES", "corrupt"]

#: From mild to severe.
SEVERITIES = (1, 2, 3, 4, 5)

_Steps = tuple[tuple[str, float], ...]


def _one(name: str, *strengths: float) -> tuple[_Steps, ...]:
    return tuple(((name, strength),) for strength in strengths)


#: Corruptions by name: for each severity what is done, in order, as perturbation and strength.
CORRUPTIONS: Mapping[str, tuple[_Steps, ...]] = MappingProxyType(
    {
        "noise": _one("noise", 8, 16, 24, 32, 48),
        "blur": _one("blur", 0.4, 0.6, 0.8, 1.0, 1.4),
        "brightness": _one("brightness", 16, 32, 48, 64, 96),
        "contrast": _one("contrast", 0.75, 0.5, 0.375, 0.25, 0.125),
        "jpeg": _one("jpeg", 80, 60, 40, 20, 10),
        "pixelate": _one("pixelate", 2, 3, 4, 6, 8),
        "shift": (
            (("shift-right", 1),),
            (("shift-right", 1), ("shift-down", 1)),
            (("shift-right", 2), ("shift-down", 2)),
            (("shift-right", 3), ("shift-down", 3)),
            (("shift-right", 4), ("shift-down", 4)),
        ),
    }
)


def corrupt(pixels: Pixels, corruption: str, severity: int) -> Pixels:
    """Corrupted pictures.

    Parameters
    ----------
    pixels
        A network's input, uint8 (H, W, C), or several, (N, H, W, C); C is 1 or 3.
    corruption
        A key of `CORRUPTIONS`.
    severity
        One of `SEVERITIES`.

    Raises
    ------
    ValueError
        An unknown corruption or severity; pixels of another shape or type.

    Examples
    --------
    >>> corrupt(np.array([[[10], [20], [30]]], np.uint8), "brightness", 1).ravel().tolist()
    [26, 36, 46]
    """
    if corruption not in CORRUPTIONS:
        raise ValueError(
            f"Unknown corruption {corruption!r}; choose one of {', '.join(CORRUPTIONS)}."
        )
    if severity not in SEVERITIES:
        raise ValueError(f"Severities are 1 to {len(SEVERITIES)}; got {severity}.")
    if pixels.ndim == 4:
        if not len(pixels):
            return pixels
        return np.stack([corrupt(picture, corruption, severity) for picture in pixels])
    for name, strength in CORRUPTIONS[corruption][severity - 1]:
        pixels = PERTURBATIONS[name](pixels, strength)
    return pixels
