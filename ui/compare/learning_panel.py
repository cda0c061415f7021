"""Learning curves with the spread of the seeds, and how soon an accuracy is reached."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from design_core.study.learning_curves import QUANTITIES, Band, convergence, learning_band
from design_core.study.pairs import groups
from design_core.zoo.card import Card
from ui.charts import show_chart
from ui.compare import keys
from ui.compare.charts import learning_chart
from ui.compare.names import card_names
from ui.compare.trainings import places_by_training

__all__ = ["FIRST_TARGET", "LEARNING", "learning_panel"]

#: Titles of the quantities that the logs hold.
LEARNING = tuple(title.capitalize() for title in QUANTITIES.values())

#: Test accuracy whose epoch is told at first, in %.
FIRST_TARGET = 70

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
    bands = {card.name: learning_band(card, quantity) for card in logged}
    reach = _reach(list(bands.values()))
    for place, shared, group in places_by_training(logged):
        names = card_names(group)
        with place:
            show_chart(
                learning_chart(
                    group,
                    [bands[card.name] for card in group],
                    names,
                    quantity=QUANTITIES[quantity],
                    reach=reach,
                    percent=quantity in _PERCENT,
                    level=accuracy if quantity == "test_accuracy" else None,
                ),
                title=f"{shown} with {shared}",
                alt="After the last epoch: "
                + ", ".join(
                    f"{name} {bands[card.name].mean[-1]:.3g}"
                    for name, card in zip(names, group, strict=True)
                )
                + ".",
                key=f"learning_{shared}",
            )
    st.caption("Line: mean over the seeds. Band: from the lowest to the highest seed.")
    _table([card for training in groups(logged) for card in training], accuracy)


def _target(cards: Sequence[Card]) -> float:
    """An accuracy that some network reaches, as a share."""
    best = max(max(card.curve(seed)) for card in cards for seed in card.seeds)
    highest = max(2, int(100 * best))
    held = st.session_state.get(keys.LEARNING_TARGET)
    if isinstance(held, int) and not 1 <= held <= highest:
        st.session_state[keys.LEARNING_TARGET] = min(FIRST_TARGET, highest)
    percent: int = st.slider(
        "Epochs until the test accuracy is, in %",
        1,
        highest,
        min(FIRST_TARGET, highest),
        key=keys.LEARNING_TARGET,
        persist_state="session",
    )
    return percent / 100


def _reach(bands: Sequence[Band]) -> tuple[float, float]:
    low = min(float(band.low.min()) for band in bands)
    high = max(float(band.high.max()) for band in bands)
    margin = 0.04 * (high - low or 1.0)
    return low - margin, high + margin


def _table(cards: Sequence[Card], accuracy: float) -> None:
    """Per network: the epoch of every seed, and what it flips in the last epoch."""
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
    st.dataframe(
        pd.DataFrame(rows),
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
