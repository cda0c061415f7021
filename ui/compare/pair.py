"""The two networks that a panel sets against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from design_core.pictures.dataset_cards import is_embedded
from design_core.study.batch_norm import DESIGN, SIGN
from design_core.study.pairs import partner
from design_core.zoo.card import Card
from ui.charts import BLUE, ORANGE
from ui.compare.filters import keep_valid
from ui.compare.names import card_colour, card_names

__all__ = ["Pair", "choose_pair", "choose_seeds", "pair_colours"]


@dataclass(frozen=True)
class Pair:
    """Two cards of one data set, with names that tell them apart."""

    first: Card
    second: Card
    first_name: str
    second_name: str

    @property
    def classes(self) -> Sequence[str]:
        """The classes that both know."""
        return self.first.class_names


def pair_colours(pair: Pair) -> tuple[str, str]:
    """Those of every chart, Sign grey; blue and orange where both have the same."""
    first, second = card_colour(pair.first), card_colour(pair.second)
    return (first, second) if first != second else (BLUE, ORANGE)


def choose_pair(cards: Sequence[Card]) -> Pair | None:
    """Two controls; None, with a word on why, where there are no two networks to compare.

    Parameters
    ----------
    cards
        Those that have predictions. The second is chosen among those that know the same classes.
    """
    by_name = {card.name: card for card in cards}
    names = dict(zip(by_name, card_names(cards), strict=True))
    start = _first_pair(cards)
    if start is None:
        st.info(
            "Two networks of one data set are needed. Choose more in the sidebar.",
            icon=":material/info:",
        )
        return None
    left, right = st.columns(2)
    first = _chosen(left, "First", "compare_first", list(by_name), names, start[0].name)
    fitting = [
        card.name
        for card in cards
        if card.name != first and card.class_names == by_name[first].class_names
    ]
    if not fitting:
        right.info("No other network knows these classes.", icon=":material/info:")
        return None
    preferred = start[1].name if start[1].name in fitting else fitting[0]
    second = _chosen(right, "Second", "compare_second", fitting, names, preferred)
    one, other = by_name[first], by_name[second]
    return Pair(one, other, *card_names([one, other]))


def _chosen(
    place: st.delta_generator.DeltaGenerator,
    label: str,
    key: str,
    values: list[str],
    names: dict[str, str],
    preferred: str,
) -> str:
    keep_valid(key, values)
    return place.selectbox(
        label,
        values,
        index=values.index(preferred),
        format_func=lambda name: names[name],
        key=key,
        persist_state="session",
    )


def _first_pair(cards: Sequence[Card]) -> tuple[Card, Card] | None:
    """Sign and what is alike in all else; if there is none, any two of one data set."""
    for card in sorted(cards, key=_telling):
        sign = partner(card, cards, activation=SIGN)
        if sign and card.activation != SIGN:
            return sign, card
    for card in cards:
        for other in cards:
            if other is not card and other.class_names == card.class_names:
                return card, other
    return None


def _telling(card: Card) -> tuple[bool, ...]:
    """What is shown first sorts first: DeSign 2D on more than digits, γ and β fixed."""
    return is_embedded(card.dataset), card.activation != DESIGN, card.affine


def choose_seeds(pair: Pair) -> tuple[int, int]:
    """A seed of either card; the same one where both have it."""
    left, right = st.columns(2)
    seeds = []
    for place, card, key in (
        (left, pair.first, "compare_first_seed"),
        (right, pair.second, "compare_second_seed"),
    ):
        keep_valid(key, card.seeds)
        with place:
            seeds.append(
                st.segmented_control(
                    "Seed",
                    card.seeds,
                    default=card.seeds[0],
                    required=True,
                    key=key,
                    persist_state="session",
                )
            )
    return seeds[0], seeds[1]
