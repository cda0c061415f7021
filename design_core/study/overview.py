"""The zoo at a glance: a row of numbers per card."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from design_core.zoo.arms import arm_of, picture_arm
from design_core.zoo.card import Card

__all__ = ["overview", "overview_csv"]


def overview(cards: Sequence[Card]) -> list[dict[str, Any]]:
    """A row per card. Accuracies and densities are shares; None is what is not known."""
    return [_row(card) for card in cards]


def _row(card: Card) -> dict[str, Any]:
    low, high = card.ci95 or (None, None)
    return {
        "name": card.name,
        "dataset": card.dataset,
        "network": card.network["name"],
        "width": card.width,
        "image_size": card.image_size,  # ResNets take any
        "activation": arm_of(card.activation).title,
        "picture": picture_arm(card.picture).title,
        "affine": card.affine,
        "recipe": card.recipe["name"],
        "epochs": card.recipe["epochs"],
        "seeds": len(card.seeds),
        "accuracy": _known(card.accuracy),
        "ci95_low": low,
        "ci95_high": high,
        "parameters": sum(card.parameters.values()),
        "binary_parameters": card.parameters["binary"],
        "packed_bytes": card.bytes["packed"],
        "float32_bytes": card.bytes["float32"],
        "binary_macs": card.macs["binary"],
        "real_macs": card.macs["real"],
        "density": _known(float(np.mean(list(card.densities.values())))),
        "seconds": _known(float(np.mean([result.seconds for result in card.results]))),
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def overview_csv(cards: Sequence[Card]) -> str:
    """The rows of `overview` as CSV with a heading."""
    rows = overview(cards)
    text = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()
