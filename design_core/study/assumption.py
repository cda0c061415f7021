"""Is what scaling assumes of x true? What was recorded of the networks, card by card.

See `design_core.lab.half_normal` for what is measured.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from design_core.paths import RESOURCES
from design_core.zoo.arms import arm_of
from design_core.zoo.card import Card
from design_core.zoo.naming import batch_norm_words, data_set_name, training_name

__all__ = [
    "ASSUMPTION",
    "CardAssumption",
    "assumption_markdown",
    "assumption_words",
    "card_assumptions",
]

#: As ``benchmarks/half_normal.py`` recorded it.
ASSUMPTION = RESOURCES / "measured" / "half_normal.json"


@dataclass(frozen=True)
class CardAssumption:
    """The layers of a configuration against the half-normal.

    Parameters
    ----------
    card
        The configuration.
    distance
        Kolmogorov–Smirnov distance of the positive x by layer, mean over the seeds.
    kurtosis
        Excess kurtosis of x by layer, likewise; 0 for a normal.
    missed
        By how much the share of x that reaches a threshold differs most from the share that it was
        placed for: over layers and thresholds, mean over seeds. None where all thresholds are 0.
    """

    card: Card
    distance: dict[str, float]
    kurtosis: dict[str, float]
    missed: float | None

    def sentence(self) -> str:
        """Distances, kurtosis and missed shares in words."""
        worst = max(self.distance, key=self.distance.__getitem__)
        heavy = max(self.kurtosis, key=self.kurtosis.__getitem__)
        told = (
            f"{arm_of(self.card.activation).short}: the positive x are "
            f"{min(self.distance.values()):.2f} to {self.distance[worst]:.2f} from a half-normal "
            f"(Kolmogorov–Smirnov; farthest in {worst}), excess kurtosis up to "
            f"{self.kurtosis[heavy]:.1f} ({heavy})"
        )
        if self.missed is None:
            return f"{told}."
        return (
            f"{told}; the share of x that reaches a threshold misses the designed one by up to "
            f"{100 * self.missed:.0f} points."
        )


def card_assumptions(cards: Sequence[Card]) -> list[CardAssumption]:
    """Of every card that was measured."""
    if not ASSUMPTION.is_file():
        return []
    networks = json.loads(ASSUMPTION.read_text("utf-8"))["networks"]
    found = []
    for card in cards:
        references = (f"{card.name}@{seed}" for seed in card.seeds)
        seeds = [networks[name] for name in references if name in networks]
        if seeds:
            found.append(
                CardAssumption(
                    card, _mean(seeds, "distance"), _mean(seeds, "kurtosis"), _missed(seeds)
                )
            )
    return found


def _mean(seeds: Sequence[dict[str, Any]], quantity: str) -> dict[str, float]:
    return {layer: float(np.mean([seed[layer][quantity] for seed in seeds])) for layer in seeds[0]}


def _missed(seeds: Sequence[dict[str, Any]]) -> float | None:
    """The largest difference of each seed, their mean; None for Sign, whose ½ is no design."""
    most = [
        max(
            (
                abs(designed - reached)
                for layer in seed.values()
                for designed, reached in zip(layer["designed"], layer["reached"], strict=True)
                if designed != 0.5  # a threshold of 0 is not placed by any scale
            ),
            default=None,
        )
        for seed in seeds
    ]
    known = [value for value in most if value is not None]
    return float(np.mean(known)) if known else None


def assumption_words(cards: Sequence[Card]) -> Iterator[tuple[str, str]]:
    """Setting and sentence of each card that was measured."""
    for one in card_assumptions(cards):
        card = one.card
        yield (
            f"{data_set_name(card.dataset)}, {training_name(card)}, {batch_norm_words(card)}",
            one.sentence(),
        )


def assumption_markdown(cards: Sequence[Card]) -> str:
    """A table of all cards, farthest layers told; empty where nothing was measured."""
    rows = [
        f"| {data_set_name(one.card.dataset)}, {training_name(one.card)}, "
        f"{arm_of(one.card.activation).title}, {batch_norm_words(one.card)} "
        f"| {min(one.distance.values()):.2f} to {max(one.distance.values()):.2f} "
        f"| {max(one.kurtosis.values()):.1f} "
        f"| {'–' if one.missed is None else f'{100 * one.missed:.0f}'} |"
        for one in card_assumptions(cards)
    ]
    if not rows:
        return ""
    head = (
        "**Is x half-normal, as scaling assumes?**",
        "",
        "| network | distance by layer | kurtosis up to | a threshold's share missed by, points |",
        "|---|---|---|---|",
    )
    return "\n".join([*head, *rows, ""])
