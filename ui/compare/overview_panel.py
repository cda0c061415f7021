"""The zoo at a glance: accuracies, sizes, and a table to sort by its headings and take along."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from design_core.lab.latency import Latency
from design_core.study.overview import overview, overview_csv
from design_core.zoo.card import Card
from ui.charts import show_chart
from ui.compare.charts import accuracy_chart, size_chart
from ui.compare.latency import latency_of, measure_all
from ui.compare.names import card_names

__all__ = ["overview_panel"]

_COLUMNS = {
    "activation": st.column_config.TextColumn("Activation"),
    "picture": st.column_config.TextColumn("Picture"),
    "affine": st.column_config.CheckboxColumn("γ, β learned", help="By batch norm: affine on"),
    "width": st.column_config.NumberColumn("Width", help="Channels of the first stage"),
    "image_size": st.column_config.NumberColumn("Pixels", help="Of a picture's side"),
    "accuracy": st.column_config.NumberColumn(
        "Accuracy, %", format="%.2f", help="On the test set after the last epoch, mean over seeds"
    ),
    "half": st.column_config.NumberColumn(
        "± 95 %", format="%.2f", help="Half the interval of the mean over seeds (Student's t)"
    ),
    "seeds": st.column_config.NumberColumn("Seeds"),
    "epochs": st.column_config.NumberColumn("Epochs"),
    "parameters": st.column_config.NumberColumn("Parameters", format="localized"),
    "packed": st.column_config.NumberColumn(
        "Packed, kB", format="%.1f", help="Binary weights one bit each, the rest as float32"
    ),
    "macs": st.column_config.NumberColumn(
        "1-bit MACs, 10⁶", format="%.1f", help="Multiply-accumulates on bits per picture"
    ),
    "latency": st.column_config.NumberColumn(
        "Latency, ms", format="%.2f", help="One picture on the 1-bit engine, on this machine"
    ),
    "density": st.column_config.NumberColumn(
        "Density, %", format="%.1f", help="Activations that fire, mean over layers and seeds"
    ),
    "minutes": st.column_config.NumberColumn(
        "Training, min", format="%.1f", help="Wall time per seed, one thread of a busy machine"
    ),
    "name": st.column_config.TextColumn("Name", help="As the command line calls it"),
}


def overview_panel(cards: Sequence[Card]) -> None:
    """Two charts of the networks that were measured, and the table of all."""
    if measured := [card for card in cards if len(card.confusion)]:
        _charts(measured)
    _table(cards)


def _charts(cards: Sequence[Card]) -> None:
    """Accuracy with intervals, and against size."""
    left, right = st.columns([3, 2], gap="medium")
    names = card_names(cards)
    with left:
        show_chart(
            accuracy_chart(cards),
            title="Test accuracy: mean over seeds and its 95 % interval; a tick per seed",
            alt="; ".join(
                f"{name} {100 * card.accuracy:.1f} %"
                + (f", {100 * card.ci95[0]:.1f} to {100 * card.ci95[1]:.1f}" if card.ci95 else "")
                for name, card in zip(names, cards, strict=True)
            ),
            key="accuracy_chart",
        )
    with right.container(key="overview_size"):  # which stays in view beside the long list
        show_chart(
            size_chart(cards),
            title="What does a better network cost in bytes?",
            alt="; ".join(
                f"{name} {card.bytes['packed']:,} bytes, {100 * card.accuracy:.1f} %"
                for name, card in zip(names, cards, strict=True)
            ),
            key="size_chart",
        )
        st.caption("Filled marks: γ, β learned; hollow: fixed.")


def _table(cards: Sequence[Card]) -> None:
    """The table, its download, and latencies on demand."""
    latencies = {card.name: latency_of(card) for card in cards}
    st.dataframe(
        _frame(cards, latencies),
        key="zoo_table",
        hide_index=True,
        placeholder="–",
        column_config=_COLUMNS,
        column_order=[name for name in _COLUMNS if name != "latency" or any(latencies.values())],
        height="content",
        alt="; ".join(
            f"{row['name']}: {_percent(row['accuracy'])}, {row['packed_bytes']:,} bytes packed"
            for row in overview(cards)
        ),
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.download_button(
            "CSV",
            overview_csv(cards),
            "zoo.csv",
            "text/csv",
            icon=":material/download:",
            key="zoo_csv",
            on_click="ignore",
            help="All columns with every digit",
        )
        if st.button(
            "Measure latency here",
            icon=":material/timer:",
            key="measure_latency",
            help="Runs each network on one picture at a time, on this very machine.",
        ):
            measure_all(cards)
            st.rerun(scope="app")
        if measured := next((one for one in latencies.values() if one), None):
            st.caption(f"Latency: least of {measured.runs} runs, {measured.machine}.")
    st.caption(
        "Accuracies are those of the last epoch, never of the best. Intervals are over seeds: a "
        "network with one seed has none. The same numbers: `python -m design_core models --json`."
    )


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{share:.2%}"


def _frame(cards: Sequence[Card], latencies: dict[str, Latency | None]) -> pd.DataFrame:
    """The rows of `overview` in the units of the columns."""
    rows = pd.DataFrame(overview(cards))
    low, high = rows["ci95_low"].astype(float), rows["ci95_high"].astype(float)
    rows = rows.assign(
        accuracy=100 * rows["accuracy"].astype(float),
        half=50 * (high - low),
        packed=rows["packed_bytes"] / 1000,
        macs=rows["binary_macs"] / 1e6,
        latency=[one.milliseconds if one else math.nan for one in latencies.values()],
        density=100 * rows["density"].astype(float),
        minutes=rows["seconds"].astype(float) / 60,
    )
    return rows.sort_values("accuracy", ascending=False, kind="stable")
