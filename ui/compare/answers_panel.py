"""The open questions of the method, answered from the cards in words."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from design_core.zoo.card import Card
from design_core.zoo.report import report

__all__ = ["answers_panel"]


def answers_panel(cards: Sequence[Card]) -> None:
    """The sentences of ``python -m design_core zoo report`` for the chosen cards."""
    for section in report(cards):
        st.markdown(f"**{section.question}**")
        if not section.sentences:
            st.caption("The chosen networks do not answer this.")
        st.markdown("\n".join(f"- {sentence}" for sentence in section.sentences))
    st.caption(
        "A difference is claimed only where the 95 % interval of three or more seeds leaves 0 out. "
        "Tests are told one by one, without a correction for their number. The same for the whole "
        "zoo: `python -m design_core zoo report`."
    )
