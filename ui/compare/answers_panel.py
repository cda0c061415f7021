"""The open questions of the method, answered from the cards in words."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from design_core.zoo.card import Card
from design_core.zoo.report import CAUTION, Section, report
from design_core.zoo.step_time import step_time_words

__all__ = ["answers_panel"]


def answers_panel(cards: Sequence[Card]) -> None:
    """The sentences of ``python -m design_core zoo report`` for the chosen cards."""
    for section in (
        *report(cards),
        Section("Does training take longer?", tuple(step_time_words())),
    ):
        st.markdown(f"**{section.question}**")
        if not section.sentences:
            st.caption("The chosen networks do not answer this.")
        st.markdown("\n".join(f"- {sentence}" for sentence in section.sentences))
    st.caption(
        f"{CAUTION} The same for the whole zoo, with dead channels: `python -m design_core zoo "
        "report`."
    )
