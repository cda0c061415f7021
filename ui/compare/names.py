"""Names, colours and marks of cards, the same in every chart of the page."""

from __future__ import annotations

from collections.abc import Sequence

from design_core.study.report import training_words
from design_core.zoo.card import Card
from design_core.zoo.naming import card_arm, distinct_names, training_name
from ui.charts import arm_colour, ink

__all__ = ["card_colour", "card_dash", "card_fill", "card_names", "training_names"]


def card_names(cards: Sequence[Card]) -> list[str]:
    """Short, distinct names of the cards that are shown together."""
    return distinct_names([(card, card.seeds[0]) for card in cards])


def training_names(trainings: Sequence[Sequence[Card]]) -> list[str]:
    """Names of groups of cards, with the data set where they differ in it; empty for one alone."""
    firsts = [training[0] for training in trainings]
    if len(firsts) < 2:
        return [""] * len(firsts)
    several = len({card.dataset for card in firsts}) > 1
    return [training_words(card) if several else training_name(card) for card in firsts]


def card_colour(card: Card) -> str:
    """That of what it is an arm for: its activation, or the cut of its picture."""
    return arm_colour(card_arm(card))


def card_dash(card: Card) -> str:
    """Solid where batch norm learns γ and β."""
    return "solid" if card.affine else "dot"


def card_fill(card: Card) -> str:
    """Of its marks: its colour where batch norm learns γ and β, else hollow."""
    return card_colour(card) if card.affine else ink().ground
