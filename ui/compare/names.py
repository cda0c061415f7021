"""Names, colours and marks of cards, the same in every chart of the page."""

from __future__ import annotations

from collections.abc import Sequence

from design_core.zoo.card import Card
from design_core.zoo.naming import distinct_names
from ui.charts import activation_colour

__all__ = ["card_colour", "card_dash", "card_names", "card_symbol"]


def card_names(cards: Sequence[Card]) -> list[str]:
    """Short, distinct names of the cards that are shown together."""
    return distinct_names([(card, card.seeds[0]) for card in cards])


def card_colour(card: Card) -> str:
    """That of its activation."""
    return activation_colour(card.activation)


def card_dash(card: Card) -> str:
    """Solid where batch norm learns γ and β."""
    return "solid" if card.network["affine"] else "dot"


def card_symbol(card: Card) -> str:
    """Filled where batch norm learns γ and β."""
    return "circle" if card.network["affine"] else "circle-open"
