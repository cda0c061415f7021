"""Learning curves over the seeds of a card: means, ranges, and how fast an accuracy is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from design_core.statistics import epochs_to
from design_core.zoo.card import Card

__all__ = ["QUANTITIES", "Band", "convergence", "learning_band"]

#: What the logs hold after each epoch, with a title.
QUANTITIES = {
    "test_accuracy": "test accuracy",
    "loss": "training loss",
    "flip_ratio": "flipped weights per epoch",
    "density": "activation density",
}


@dataclass(frozen=True, eq=False)
class Band:
    """A quantity after each epoch, over seeds; float64, shape (epochs,) each.

    The range from the lowest to the highest seed, since an interval of two or three seeds would
    say more about Student's distribution than about them.
    """

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def learning_band(card: Card, quantity: str) -> Band:
    """One of `QUANTITIES`; those told by layer are averaged over the layers."""
    curves = np.array(
        [[_number(value) for value in card.curve(seed, quantity)] for seed in card.seeds]
    )
    return Band(curves.mean(0), curves.min(0), curves.max(0))


def _number(value: float | Mapping[str, float]) -> float:
    return float(np.mean(list(value.values()))) if isinstance(value, Mapping) else value


def convergence(card: Card, accuracy: float) -> list[int | None]:
    """Epochs that each seed takes to first reach a test accuracy; None where it never does."""
    return [epochs_to(card.curve(seed), accuracy) for seed in card.seeds]
