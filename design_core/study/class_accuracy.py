"""What networks take each class for: confusion as rates, and accuracy per class with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from design_core.statistics import Interval, mean_interval, wilson_interval
from design_core.zoo.card import Card

__all__ = [
    "ClassAccuracy",
    "class_accuracies",
    "confusion_rates",
    "most_confused",
]

Rates = NDArray[np.float64]


def confusion_rates(counts: ArrayLike) -> Rates:
    """A confusion matrix (K, K) of counts as shares of each true class: rows sum to 1.

    A class without pictures has a row of zeros.

    Examples
    --------
    >>> confusion_rates([[3, 1], [0, 0]]).tolist()
    [[0.75, 0.25], [0.0, 0.0]]
    """
    matrix = np.asarray(counts, dtype=np.float64)
    rates: Rates = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    return rates


def most_confused(rates: Rates) -> tuple[int, int]:
    """True and predicted class of the largest absolute entry beside the diagonal."""
    beside = np.abs(rates * (1 - np.eye(len(rates))))
    true, predicted = np.unravel_index(int(beside.argmax()), beside.shape)
    return int(true), int(predicted)


@dataclass(frozen=True)
class ClassAccuracy:
    """Accuracy on one class.

    Parameters
    ----------
    mean
        Share of its pictures that are classified rightly, over all seeds.
    ci95
        95 % interval; see `class_accuracies`.
    """

    mean: float
    ci95: Interval


def class_accuracies(card: Card) -> list[ClassAccuracy]:
    """Accuracy per class with intervals, in the order of the classes.

    Of several seeds, Student's interval for the mean over trainings. Of one seed, Wilson's for
    this very network on other pictures: it says nothing about another training. A class without
    test pictures may be anything.
    """
    by_seed = np.array([_shares(card, seed) for seed in card.seeds])
    if len(by_seed) > 1:
        return [
            ClassAccuracy(float(shares.mean()), mean_interval(shares) or (0.0, 1.0))
            for shares in by_seed.T
        ]
    _, true = card.predictions(card.seeds[0])
    counts = np.bincount(true, minlength=len(by_seed[0])).tolist()
    return [
        ClassAccuracy(share, wilson_interval(round(share * count), count) if count else (0.0, 1.0))
        for share, count in zip(by_seed[0].tolist(), counts, strict=True)
    ]


def _shares(card: Card, seed: int) -> Sequence[float]:
    predicted, true = card.predictions(seed)
    classes = len(card.data["class_names"])
    right = np.bincount(true[predicted == true], minlength=classes)
    shares: list[float] = (right / np.maximum(np.bincount(true, minlength=classes), 1)).tolist()
    return shares
