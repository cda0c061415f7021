"""Accuracy class by class."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from design_core.study.class_accuracy import class_accuracies
from design_core.zoo.card import Card
from design_core.zoo.naming import say_class
from ui.charts import show_chart
from ui.compare.charts import class_chart
from ui.compare.pair import choose_pair
from ui.text import plain

__all__ = ["classes_panel"]


def classes_panel(cards: Sequence[Card]) -> None:
    """Two networks, each class with intervals."""
    pair = choose_pair([card for card in cards if len(card.confusion)])
    if pair is None:
        return
    both = (pair.first, pair.second)
    names = (pair.first_name, pair.second_name)
    found = [class_accuracies(card) for card in both]
    ahead = sum(second.mean > first.mean for first, second in zip(found[0], found[1], strict=True))
    show_chart(
        class_chart(found, both, names, pair.classes),
        title=f"{names[1]} has the higher mean in {ahead} of {len(pair.classes)} classes",
        alt="; ".join(
            f"{say_class(name)}: {100 * first.mean:.1f} % and {100 * second.mean:.1f} %"
            for name, first, second in zip(pair.classes, found[0], found[1], strict=True)
        ),
        key="class_accuracies",
    )
    several = [name for card, name in zip(both, names, strict=True) if len(card.seeds) > 1]
    single = [name for name in names if name not in several]
    words = [f"Circles: {names[0]}. Diamonds: {names[1]}."]
    if several:
        words.append(f"Intervals of {' and '.join(several)}: 95 %, mean over seeds, Student's t.")
    if single:
        words.append(
            f"Intervals of {' and '.join(single)}: 95 % for this very network on other pictures, "
            "Wilson's; they say nothing about another training."
        )
    st.caption(plain(" ".join(words)))
