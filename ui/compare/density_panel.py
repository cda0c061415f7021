"""How often activations fire, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from design_core.study.overview import overview
from design_core.zoo.card import Card
from ui.charts import show_chart
from ui.compare.charts import density_chart
from ui.compare.names import card_names
from ui.compare.trainings import places_by_training

__all__ = ["density_panel"]


def density_panel(cards: Sequence[Card]) -> None:
    """Charts without and with γ and β learned."""
    known = [card for card, row in zip(cards, overview(cards), strict=True) if row["density"]]
    if not known:
        st.info("No density is known of these networks yet.", icon=":material/info:")
        return
    for place, shared, group in places_by_training(known):
        names = card_names(group)
        densities = [card.densities for card in group]
        with place:
            show_chart(
                density_chart(group, names, densities),
                title=f"Activation density by layer with {shared}",
                alt="; ".join(
                    f"{name}: " + ", ".join(f"{value:.0%}" for value in density.values())
                    for name, density in zip(names, densities, strict=True)
                ),
                key=f"density_{shared}",
            )
    st.caption(
        "Share of activations that fire, on test pictures after the last epoch, mean over seeds. "
        "At 50 % (dashed) a bit can carry most. All published thresholds are above 0, so DeSign "
        "fires on fewer inputs, unless β moves them."
    )
