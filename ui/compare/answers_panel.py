"""The open questions of the method, answered from the cards in words."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from design_core.study.report import CAUTION, Section, for_people, recorded, report
from design_core.zoo.card import Card
from ui.charts import chart_title
from ui.text import plain

__all__ = ["answers_panel"]


def answers_panel(cards: Sequence[Card]) -> None:
    """The sentences of ``python -m design_core zoo report`` for the chosen cards."""
    _, sections = _told(tuple(cards))
    for section in sections:
        chart_title(section.question)
        if not section.answers:
            st.caption("The chosen networks do not answer this.")
            continue
        settings = section.by_setting()
        st.markdown(plain(for_people(next(iter(settings.values()))[0])[0]))
        count = len(section.answers)
        answers = f"{count} answers with tests" if count > 1 else "one answer with its test"
        with st.expander(f"Every setting, {answers}"):
            for setting, sentences in settings.items():
                st.caption(plain(setting))
                st.markdown("\n".join(f"- {plain(sentence)}" for sentence in sentences))
    st.caption(
        f"{CAUTION} The same for the whole zoo, with dead channels: `python -m design_core zoo "
        "report`."
    )


# Cards are objects that all sessions share until one of the zoo changes, when all are read anew.
@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs={Card: id})
def _told(cards: tuple[Card, ...]) -> tuple[tuple[Card, ...], list[Section]]:
    """Cards and what they say; kept together, so that no other card can get the id of one."""
    return cards, [*report(cards), *recorded()]
