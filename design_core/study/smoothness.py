"""How alike neighbouring pixels are where networks cut: the picture, and maps of hidden layers."""

from __future__ import annotations

import json
from collections.abc import Iterator

from design_core.paths import RESOURCES
from design_core.zoo.card import load_cards
from design_core.zoo.naming import card_short_name, data_set_name, network_words

__all__ = ["PICTURE", "SMOOTHNESS", "recorded_smoothness", "smoothness_words"]

#: As ``benchmarks/neighbour_correlation.py`` recorded it.
SMOOTHNESS = RESOURCES / "measured" / "neighbour_correlation.json"

#: The name of the picture's own cut.
PICTURE = "picture"


def recorded_smoothness() -> dict[str, dict[str, float]]:
    """Mean correlation of adjacent pixels by network, ``NAME@SEED``, and by name of the cut.

    Empty if nothing was measured.
    """
    if not SMOOTHNESS.is_file():
        return {}
    stored = json.loads(SMOOTHNESS.read_text("utf-8"))
    return {reference: measured["correlation"] for reference, measured in stored.items()}


def smoothness_words() -> Iterator[tuple[str, str]]:
    """Setting and sentence per measured network: the picture against the hidden layers."""
    recorded = recorded_smoothness()
    for card, seed in ((one, seed) for one in load_cards() for seed in one.seeds):
        measured = dict(recorded.get(f"{card.name}@{seed}", {}))
        picture = measured.pop(PICTURE, None)
        if picture is None or not measured:
            continue
        low, high = min(measured.values()), max(measured.values())
        yield (
            f"{data_set_name(card.dataset)}, {network_words(card)}, "
            f"{card_short_name(card)}, seed {seed}",
            f"Adjacent pixels of the picture correlate with {picture:.2f}, those of what "
            f"hidden layers cut with {low:.2f} to {high:.2f}. A pattern lets neighbours "
            "stand in for each other, and so needs neighbours that are alike.",
        )
