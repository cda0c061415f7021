"""The zoo at a glance: a row of numbers per card."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from design_core.zoo.card import Card
from design_core.zoo.plan import activation_title
from design_core.zoo.statistics import mean_interval

__all__ = ["affine_words", "overview", "overview_csv"]


def affine_words(card: Card) -> str:
    """Whether batch norm learns γ and β."""
    return "affine on" if card.network["affine"] else "affine off"


def overview(cards: Sequence[Card]) -> list[dict[str, Any]]:
    """A row per card. Accuracies and densities are shares; None is what is not known."""
    return [_row(card) for card in cards]


def _row(card: Card) -> dict[str, Any]:
    accuracies = [value for value in card.accuracies.values() if math.isfinite(value)]
    low, high = mean_interval(accuracies) or (None, None)
    densities = [value for result in card.results for value in result.density.values()]
    return {
        "name": card.name,
        "dataset": card.dataset,
        "network": card.network["name"],
        "width": card.network["width"],
        "activation": activation_title(card.activation),
        "affine": bool(card.network["affine"]),
        "recipe": card.recipe["name"],
        "epochs": card.recipe["epochs"],
        "seeds": len(card.seeds),
        "accuracy": _mean(accuracies),
        "ci95_low": low,
        "ci95_high": high,
        "parameters": sum(card.parameters.values()),
        "binary_parameters": card.parameters["binary"],
        "packed_bytes": card.bytes["packed"],
        "float32_bytes": card.bytes["float32"],
        "binary_macs": card.macs["binary"],
        "real_macs": card.macs["real"],
        "density": _mean(densities),
        "seconds": _mean([result.seconds for result in card.results]),
    }


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if math.isfinite(value)]
    return float(np.mean(known)) if known else None


def overview_csv(cards: Sequence[Card]) -> str:
    """The rows of `overview` as CSV with a heading."""
    rows = overview(cards)
    text = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()
