"""Cards side by side only with their like: a row per training, a column per batch norm setting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from design_core.study.pairs import groups
from design_core.zoo.card import Card
from design_core.zoo.naming import batch_norm_words
from ui.compare.names import training_names

__all__ = ["places_by_training"]

_SETTINGS = ("γ, β fixed", "γ, β learned")


def places_by_training(cards: Sequence[Card]) -> Iterator[tuple[DeltaGenerator, str, list[Card]]]:
    """Where a chart goes, what its cards share, and the cards.

    What they share names the training only where there are several.
    """
    trainings = groups(cards)
    names = training_names(trainings)
    rows = [
        {
            setting: found
            for setting in _SETTINGS
            if (found := [card for card in training if batch_norm_words(card) == setting])
        }
        for training in trainings
    ]
    columns = max(map(len, rows), default=0)
    for row, name in zip(rows, names, strict=True):
        for place, (setting, found) in zip(st.columns(columns), row.items(), strict=False):
            yield place, ", ".join(filter(None, (setting, name))), found
