"""What two networks take each class for, and how they differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from design_core.study.class_accuracy import Rates, confusion_rates, most_confused
from design_core.zoo.card import Card
from design_core.zoo.naming import say_class
from ui.charts import show_chart
from ui.compare.charts import confusion_chart, difference_chart
from ui.compare.pair import choose_pair
from ui.text import plain

__all__ = ["confusion_panel"]


def confusion_panel(cards: Sequence[Card]) -> None:
    """Two matrices and their difference."""
    pair = choose_pair([card for card in cards if len(card.confusion)])
    if pair is None:
        return
    classes = pair.classes
    both = ((pair.first, pair.first_name), (pair.second, pair.second_name))
    rates = [confusion_rates(card.confusion) for card, _ in both]
    places = st.columns(3)
    for number, (card, name) in enumerate(both):
        with places[number]:
            show_chart(
                confusion_chart(rates[number], classes),
                title=f"{name}: {_counted(card)}, % of each true class",
                alt=_words(rates[number], classes),
                key=f"confusion_{number}",
            )
    difference = rates[1] - rates[0]
    with places[2]:
        show_chart(
            difference_chart(difference, classes),
            title=f"{pair.second_name} minus {pair.first_name}, points",
            alt=_difference_words(difference, classes),
            key="confusion_difference",
        )
    st.caption(
        "Rows are true classes and sum to 100. Orange: the second says this more often; blue: less "
        f"often. {plain(_difference_words(difference, classes))}"
    )


def _counted(card: Card) -> str:
    return f"{len(card.seeds)} seeds summed" if len(card.seeds) > 1 else "one seed"


def _words(rates: Rates, classes: Sequence[str]) -> str:
    right = np.diag(rates)
    worst, best = int(right.argmin()), int(right.argmax())
    true, predicted = most_confused(rates)
    return (
        f"Best {say_class(classes[best])}, {right[best]:.0%} right; worst "
        f"{say_class(classes[worst])}, {right[worst]:.0%}. Most frequent mistake: "
        f"{say_class(classes[true])} taken for {say_class(classes[predicted])}, "
        f"{rates[true, predicted]:.0%}."
    )


def _difference_words(difference: Rates, classes: Sequence[str]) -> str:
    right = np.diag(difference)
    gains, loses = int(right.argmax()), int(right.argmin())
    true, predicted = most_confused(difference)
    return (
        f"Most gained on {say_class(classes[gains])} ({100 * right[gains]:+.1f} points), least on "
        f"{say_class(classes[loses])} ({100 * right[loses]:+.1f}). Most changed mistake: "
        f"{say_class(classes[true])} taken for {say_class(classes[predicted])} "
        f"({100 * difference[true, predicted]:+.1f})."
    ).replace("-", "−")
