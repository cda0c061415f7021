"""Learning curves with the spread of the seeds, and how soon an accuracy is reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from design_core.study.learning_curves import QUANTITIES, Band, convergence, learning_band
from design_core.study.pairs import groups
from design_core.zoo.card import Card
from ui.charts import ink, show_chart
from ui.compare import keys
from ui.compare.charts import band_chart, band_reach
from ui.compare.names import card_names
from ui.compare.trainings import places_by_training

__all__ = ["FIRST_TARGET", "LEARNING", "learning_panel"]

#: Titles of the quantities that the logs hold.
LEARNING = tuple(title.capitalize() for title in QUANTITIES.values())

#: Test accuracy whose epoch is told at first, in %.
FIRST_TARGET = 70

# Cards are objects that all sessions share until one of the zoo changes, when all are read anew. Of
# what is kept by their ids each entry holds its cards, so that no other card can get such an id.
_BY_ID: dict[str | type[Any], Callable[[Any], Any]] = {Card: id}

_PERCENT = ("test_accuracy", "flip_ratio", "density")


def learning_panel(cards: Sequence[Card]) -> None:
    """Charts without and with γ and β learned, on one scale; epochs to an accuracy."""
    left, right = st.columns([3, 2], gap="large", vertical_alignment="bottom")
    shown = left.segmented_control(
        "Quantity",
        LEARNING,
        default=LEARNING[0],
        required=True,
        key=keys.LEARNING_QUANTITY,
        persist_state="session",
    )
    quantity = list(QUANTITIES)[LEARNING.index(shown)]
    logged = [card for card in cards if card.logged]
    if not logged:
        st.info("None of these networks has a log.", icon=":material/info:")
        return
    with right:
        accuracy = _target(logged)
    reach = _reach(tuple(logged), quantity)[1]
    level = accuracy if quantity == "test_accuracy" else None
    for place, shared, group in places_by_training(logged):
        drawn = _drawn(tuple(group), quantity, reach, level, ink().ground)
        with place:
            show_chart(
                drawn.chart,
                title=f"{shown} with {shared}",
                alt=drawn.alt,
                key=f"learning_{shared}",
            )
    st.caption("Line: mean over the seeds. Band: from the lowest to the highest seed.")
    _table([card for training in groups(logged) for card in training], accuracy)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A chart of cards, and its words."""

    cards: tuple[Card, ...]
    chart: go.Figure
    alt: str


@st.cache_resource(max_entries=128, show_spinner=False, hash_funcs=_BY_ID)
def _drawn(
    cards: tuple[Card, ...],
    quantity: str,
    reach: tuple[float, float],
    level: float | None,
    ground: str,
) -> _Drawn:
    """Learning curves of cards; `ground` tells the theme whose colours they have."""
    del ground
    names = card_names(cards)
    bands = _bands(cards, quantity)
    ends = (f"{name} {band.mean[-1]:.3g}" for name, band in zip(names, bands, strict=True))
    chart = band_chart(
        cards,
        bands,
        names,
        quantity=QUANTITIES[quantity],
        reach=reach,
        percent=quantity in _PERCENT,
        level=level,
    )
    return _Drawn(cards, chart, f"After the last epoch: {', '.join(ends)}.")


def _bands(cards: Sequence[Card], quantity: str) -> list[Band]:
    return [learning_band(card, quantity) for card in cards]


def _target(cards: Sequence[Card]) -> float:
    """An accuracy that some network reaches, as a share."""
    best = _best(tuple(cards))[1]
    highest = max(2, int(100 * best))
    held = st.session_state.get(keys.LEARNING_TARGET)
    if isinstance(held, int) and not 1 <= held <= highest:
        st.session_state[keys.LEARNING_TARGET] = min(FIRST_TARGET, highest)
    percent: int = st.slider(
        "Epochs to a test accuracy of, %",
        1,
        highest,
        min(FIRST_TARGET, highest),
        key=keys.LEARNING_TARGET,
        persist_state="session",
    )
    return percent / 100


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=_BY_ID)
def _best(cards: tuple[Card, ...]) -> tuple[tuple[Card, ...], float]:
    """Cards, and the best accuracy after any epoch."""
    return cards, max(max(card.curve(seed)) for card in cards for seed in card.seeds)


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=_BY_ID)
def _reach(cards: tuple[Card, ...], quantity: str) -> tuple[tuple[Card, ...], tuple[float, float]]:
    """Cards, and the axis that all their charts share."""
    return cards, band_reach(_bands(cards, quantity))


def _table(cards: Sequence[Card], accuracy: float) -> None:
    """Per network: the epoch of every seed, and what it flips in the last epoch."""
    st.dataframe(
        _frame(tuple(cards), accuracy)[1],
        key="convergence_table",
        hide_index=True,
        height="content",
        column_config={
            "Weights flipped, first epoch, %": st.column_config.NumberColumn(format="%.1f"),
            "last epoch, %": st.column_config.NumberColumn(format="%.1f"),
            "Training loss, last epoch": st.column_config.NumberColumn(format="%.3f"),
        },
        alt=f"Epochs until {accuracy:.0%} test accuracy, flipped weights and training loss.",
    )


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=_BY_ID)
def _frame(cards: tuple[Card, ...], accuracy: float) -> tuple[tuple[Card, ...], pd.DataFrame]:
    """Cards, and the rows of their table."""
    rows = []
    for card, name in zip(cards, card_names(cards), strict=True):
        reached = convergence(card, accuracy)
        flips = learning_band(card, "flip_ratio").mean
        rows.append(
            {
                "Network": name,
                f"Epochs to {accuracy:.0%}, by seed": " ".join(
                    "–" if epoch is None else str(epoch) for epoch in reached
                ),
                "Weights flipped, first epoch, %": 100 * flips[0],
                "last epoch, %": 100 * flips[-1],
                "Training loss, last epoch": learning_band(card, "loss").mean[-1],
            }
        )
    return cards, pd.DataFrame(rows)
