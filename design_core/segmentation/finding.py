"""Two class maps of one picture in words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from design_core.segmentation.scores import confusion_counts, mean_iou, pixel_accuracy

__all__ = ["map_finding", "map_scores"]

Classes = NDArray[np.integer]


def map_finding(names: tuple[str, str], first: Classes, second: Classes) -> str:
    r"""How far two networks agree on a picture, in a sentence.

    Examples
    --------
    >>> map_finding(("Sign", "DeSign 2D"), np.zeros((2, 2), int), np.array([[0, 0], [0, 1]]))
    'Sign and DeSign 2D give 75.0\xa0% of the pixels the same class'
    """
    same = float(np.mean(first == second))
    return f"{names[0]} and {names[1]} give {100 * same:.1f}\u00a0% of the pixels the same class"


def map_scores(name: str, told: Classes, truth: Classes, classes: int) -> str:
    """How well a network does on one picture.

    Examples
    --------
    >>> map_scores("Sign", np.array([[0, 1]]), np.array([[0, 0]]), 2)
    'Sign: 50.0 % of the pixels right, mean IoU 25.0 %'
    """
    counts = confusion_counts(truth, told, classes)
    return (
        f"{name}: {100 * pixel_accuracy(counts):.1f} % of the pixels right, mean IoU "
        f"{100 * mean_iou(counts):.1f} %"
    )
