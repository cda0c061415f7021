"""Which networks the Compare page is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import streamlit as st

from design_core.zoo.arms import arm_of
from design_core.zoo.card import Card
from design_core.zoo.naming import data_set_heading, data_sets
from ui.charts import activation_colour
from ui.chips import colour_chips
from ui.compare import keys

__all__ = ["AFFINE", "ALL", "choose_cards", "data_options", "keep_valid", "options"]

ALL = "all"
AFFINE = ("Both", "Fixed", "Learned")

T = TypeVar("T")


def data_options(cards: Iterable[Card]) -> list[str]:
    """Data sets that networks were trained on, the telling ones first; then all of them."""
    return [*data_sets(cards), ALL]


def options(cards: Iterable[Card], quantity: str) -> list[str]:
    """Values of a quantity that cards have: ``width``, ``recipe`` or ``activation``."""
    found = {_quantity(card, quantity) for card in cards}
    return sorted(found, key=lambda value: (not value.isdecimal(), len(value), value))


def choose_cards(cards: Sequence[Card]) -> list[Card]:
    """Controls in the sidebar; the cards that they leave."""
    data = data_options(cards)
    keep_valid(keys.ZOO_DATA, data)
    chosen = st.selectbox(
        "Data set",
        data,
        format_func=lambda name: "All" if name == ALL else data_set_heading(name),
        key=keys.ZOO_DATA,
        persist_state="session",
    )
    affine = st.segmented_control(
        "Batch norm's γ, β",
        AFFINE,
        default="Both",
        required=True,
        key=keys.ZOO_AFFINE,
        persist_state="session",
        help="Batch norm ends with γx̂ + β. Where γ and β are learned (affine on), a network can "
        "move the threshold of a whole channel by itself; where they are fixed (affine off: γ = 1, "
        "β = 0), it cannot.",
    )
    left = [
        card
        for card in cards
        if (chosen in (ALL, card.dataset))
        and (affine == "Both" or card.affine == (affine == "Learned"))
    ]
    for quantity, label, help_text in (
        ("activation", "Activations", "None chosen: all."),
        ("recipe", "Recipes", "How long and how they were trained. None chosen: all."),
        ("width", "Widths", "Channels of the first stage. None chosen: all."),
    ):
        left = _narrowed(cards, left, quantity, label, help_text)
    return left


def _narrowed(
    cards: Sequence[Card], left: list[Card], quantity: str, label: str, help_text: str
) -> list[Card]:
    """Only the cards with the chosen values; a control only where there is a choice."""
    values = options(cards, quantity)
    if len(values) < 2:
        return left
    key = f"zoo_{quantity}"
    keep_valid(key, values)
    chosen = st.multiselect(
        label,
        values,
        format_func=(lambda name: arm_of(name).short) if quantity == "activation" else str,
        placeholder="All",
        key=key,
        persist_state="session",
        help=help_text,
    )
    if quantity == "activation":
        colour_chips(key, [activation_colour(name) for name in chosen])
    return [card for card in left if not chosen or _quantity(card, quantity) in chosen]


def _quantity(card: Card, quantity: str) -> str:
    if quantity == "width":
        return "–" if card.width is None else str(card.width)
    return str(card.recipe["name"]) if quantity == "recipe" else card.activation


def keep_valid(key: str, values: Sequence[object]) -> None:
    """Drop from a widget's state what is no option any more: the cards may have changed."""
    held = st.session_state.get(key)
    if isinstance(held, list):
        st.session_state[key] = [value for value in held if value in values]
    elif key in st.session_state and held not in values:
        del st.session_state[key]
