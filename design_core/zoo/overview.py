"""The zoo at a glance: a row of numbers per card, and names short enough for charts."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from design_core.zoo.card import Card
from design_core.zoo.plan import ACTIVATIONS, activation_title
from design_core.zoo.statistics import mean_interval

__all__ = ["activation_label", "affine_words", "labels", "overview", "overview_csv", "recipe_name"]

_SHORT = {
    "sign": "Sign",
    "design2d": "DeSign 2D",
    "uniform": "uniform control",
    "swapped": "swapped control",
    "design3d": "DeSign3D",
    "own": "own 4×4 kernel",
    "hardtanh": "hard tanh",
}
_LONGEST = 24


def activation_label(activation: str) -> str:
    """A name short enough for charts."""
    keys = {name: key for key, (name, _) in ACTIVATIONS.items()}
    if activation in keys:
        return _SHORT[keys[activation]]
    return activation if len(activation) <= _LONGEST else f"{activation[: _LONGEST - 1]}…"


def affine_words(card: Card) -> str:
    """Whether batch norm learns γ and β."""
    return "affine on" if card.network["affine"] else "affine off"


def recipe_name(card: Card) -> str:
    """The recipe's name without its suffix."""
    return str(card.recipe["name"])


def labels(cards: Sequence[Card]) -> list[str]:
    """A distinct short name per card: its activation, and what else they differ in.

    Parameters
    ----------
    cards
        All that are shown together.
    """
    named = [_parts(card) for card in cards]
    told = [
        place
        for place in range(1, len(named[0]) if named else 0)
        if len({parts[place] for parts in named}) > 1
    ]
    short = [", ".join([parts[0], *(parts[place] for place in told)]) for parts in named]
    # What the parts do not tell apart, such as two files of one own network, the names do.
    return [
        label if short.count(label) == 1 else card.name
        for card, label in zip(cards, short, strict=True)
    ]


def _parts(card: Card) -> tuple[str, ...]:
    own = card.name if card.name.startswith("own:") else ""
    return (
        own or activation_label(card.activation),
        affine_words(card),
        f"width {card.network['width']}",
        str(card.network["name"]),
        recipe_name(card),
        card.dataset,
    )


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
        "recipe": recipe_name(card),
        "epochs": card.recipe.get("epochs"),
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
