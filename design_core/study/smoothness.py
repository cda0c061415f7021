"""How alike neighbouring pixels are where networks cut: the picture, and maps of hidden layers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from design_core.paths import RESOURCES
from design_core.zoo.card import load_cards
from design_core.zoo.naming import card_short_name, data_set_name, network_words

__all__ = ["PICTURE", "SMOOTHNESS", "smoothness_of", "smoothness_words"]

#: As ``benchmarks/neighbour_correlation.py`` recorded it.
SMOOTHNESS = RESOURCES / "measured" / "neighbour_correlation.json"

#: The name of the picture's own cut.
PICTURE = "picture"


def smoothness_of(reference: str) -> Mapping[str, float]:
    """Mean correlation of adjacent pixels by name of the cut; empty if it was not measured.

    Parameters
    ----------
    reference
        A network of the zoo, ``NAME@SEED``.
    """
    if not SMOOTHNESS.is_file():
        return {}
    found: dict[str, dict[str, dict[str, float]]] = json.loads(SMOOTHNESS.read_text("utf-8"))
    return found[reference]["correlation"] if reference in found else {}


def smoothness_words() -> Iterator[tuple[str, str]]:
    """Setting and sentence per measured network: the picture against the hidden layers."""
    for card in load_cards():
        for seed in card.seeds:
            measured = dict(smoothness_of(f"{card.name}@{seed}"))
            picture = measured.pop(PICTURE, None)
            if picture is not None and measured:
                low, high = min(measured.values()), max(measured.values())
                yield (
                    f"{data_set_name(card.dataset)}, {network_words(card)}, "
                    f"{card_short_name(card)}, seed {seed}",
                    f"Adjacent pixels of the picture correlate with {picture:.2f}, those of what "
                    f"hidden layers cut with {low:.2f} to {high:.2f}. A pattern lets neighbours "
                    "stand in for each other, and so needs neighbours that are alike.",
                )
