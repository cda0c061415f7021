"""Scores of class maps: confusion counts over pixels, and what follows from them.

Counts are added up over all pixels of all pictures first, and scores are taken of the sums: that is
the mean IoU of the PASCAL VOC challenge, not a mean over pictures.

    IoU(c) = true positives / (true positives + false positives + false negatives)

References
----------
Everingham et al., "The PASCAL Visual Object Classes Challenge: A Retrospective", IJCV 2015.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CLASSIFICATION",
    "SEGMENTATION",
    "UNLABELLED",
    "class_iou",
    "class_weights",
    "confusion_counts",
    "mean_iou",
    "pixel_accuracy",
]

#: What networks are asked for: the class of a picture, or of each of its pixels.
CLASSIFICATION, SEGMENTATION = "classification", "segmentation"

#: The label of a pixel that has no class: left out of loss and scores. PyTorch's losses skip it.
UNLABELLED = -100

Counts = NDArray[np.int64]


def confusion_counts(true: ArrayLike, predicted: ArrayLike, classes: int) -> Counts:
    """How many pixels of each class got each class; int64 (classes, classes), row: true class.

    Parameters
    ----------
    true
        Class numbers of any shape; pixels that are `UNLABELLED` do not count.
    predicted
        Class numbers of the same shape.

    Raises
    ------
    ValueError
        Maps of different shapes, or class numbers beyond `classes`.

    Examples
    --------
    >>> confusion_counts([[0, 1], [1, UNLABELLED]], [[0, 1], [0, 1]], 2).tolist()
    [[1, 0], [1, 1]]
    """
    truth, told = np.asarray(true), np.asarray(predicted)
    if truth.shape != told.shape:
        raise ValueError(f"Class maps have one shape; got {truth.shape} and {told.shape}.")
    known = truth != UNLABELLED
    pairs = truth[known].astype(np.int64), told[known].astype(np.int64)
    for one in pairs:
        if one.size and not 0 <= one.min() <= one.max() < classes:
            raise ValueError(
                f"Class numbers are 0 to {classes - 1}; got {one.min()} to {one.max()}."
            )
    counts = np.bincount(pairs[0] * classes + pairs[1], minlength=classes**2)
    return counts.reshape(classes, classes)


def class_iou(confusion: Sequence[Sequence[int]] | Counts) -> NDArray[np.float64]:
    """IoU of each class, (classes,): 0 to 1, NaN for one that is neither there nor predicted.

    Examples
    --------
    >>> class_iou([[3, 1], [0, 4]]).tolist()
    [0.75, 0.8]
    """
    counts = np.asarray(confusion, np.float64)
    both = counts.diagonal()
    union = counts.sum(0) + counts.sum(1) - both
    found: NDArray[np.float64] = np.full(len(both), np.nan)
    np.divide(both, union, out=found, where=union > 0)
    return found


def mean_iou(confusion: Sequence[Sequence[int]] | Counts) -> float:
    """Mean of `class_iou` over the classes that occur, in truth or prediction; NaN for no pixel."""
    found = class_iou(confusion)
    occurring = found[~np.isnan(found)]
    return float(occurring.mean()) if occurring.size else float("nan")


def pixel_accuracy(confusion: Sequence[Sequence[int]] | Counts) -> float:
    """Share of the labelled pixels whose class is right; NaN for no pixel."""
    counts = np.asarray(confusion, np.float64)
    total = counts.sum()
    return float(counts.trace() / total) if total else float("nan")


def class_weights(labels: ArrayLike, classes: int) -> NDArray[np.float32]:
    """What a pixel of each class counts in the loss of training, float32 (classes,).

    ``w(c) = √(median of the shares / share of c)``: rare classes, which make half of mean IoU,
    would not be learned otherwise. The root of SegNet's median frequency balancing, which in full
    overdoes it for mean IoU. Classes that do not occur weigh 1.

    Parameters
    ----------
    labels
        Class maps of the training pictures, whole numbers of any shape, `UNLABELLED` among them.

    References
    ----------
    Badrinarayanan et al., "SegNet", TPAMI 2017, section 3.1.

    Examples
    --------
    >>> class_weights([0, 0, 0, 0, 1, UNLABELLED], 3).tolist()
    [0.790..., 1.581..., 1.0]
    """
    known = np.asarray(labels)
    counts = np.bincount(known[known != UNLABELLED].ravel(), minlength=classes).astype(np.float64)
    occurring = counts > 0
    weights = np.ones(classes)
    weights[occurring] = np.sqrt(np.median(counts[occurring]) / counts[occurring])
    return weights.astype(np.float32)
