"""Latencies of the zoo on the machine that serves the page, measured when asked and then kept."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

import streamlit as st

from design_core.lab.latency import Latency, measure_latency
from design_core.zoo.card import Card
from ui.networks import entry
from ui.pytorch import pytorch
from ui.text import plain

__all__ = ["latency_of", "measure_all"]

# One measurement at a time, whoever asks: two would slow each other down.
_alone = Lock()


@st.cache_resource(show_spinner=False)
def _measured() -> dict[str, Latency]:
    """By the hash of the packed file: equal files are one network, in whatever session."""
    return {}


def latency_of(card: Card) -> Latency | None:
    """What was measured for the first seed of a card; None before."""
    return _measured().get(card.results[0].sha256)


def measure_all(cards: Sequence[Card]) -> None:
    """Measure those that were not measured yet, with a bar."""
    left = [card for card in cards if latency_of(card) is None]
    bar = st.progress(0.0, "Measuring")
    for number, card in enumerate(left):
        bar.progress(number / len(left), f"Measuring {plain(card.name)}")
        with _alone:
            reference = f"{card.name}@{card.seeds[0]}"
            network = entry(reference)
            if network.file.packed is None and not pytorch():
                continue
            _measured()[card.results[0].sha256] = measure_latency(network)
    bar.empty()
