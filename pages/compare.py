"""Compare: the zoo of trained networks, side by side, with what the seeds carry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from design_core.zoo.card import OWN, Card
from design_core.zoo.naming import distinct_names
from design_core.zoo.report import headline
from ui.charts import show_chart
from ui.compare.answers_panel import answers_panel
from ui.compare.charts import accuracy_chart, size_chart
from ui.compare.classes_panel import classes_panel
from ui.compare.confusion_panel import confusion_panel
from ui.compare.density_panel import density_panel
from ui.compare.filters import choose_cards
from ui.compare.influence_panel import influence_panel
from ui.compare.learning_panel import learning_panel
from ui.compare.own_panel import own_panel
from ui.compare.table_panel import table_panel
from ui.compare.wrong_panel import wrong_panel
from ui.entry import require_entry
from ui.networks import cards

PANELS: dict[str, Callable[[Sequence[Card]], None]] = {
    "Table": table_panel,
    "Learning": learning_panel,
    "Batch norm": influence_panel,
    "Who got it wrong": wrong_panel,
    "Confusion": confusion_panel,
    "Classes": classes_panel,
    "Density": density_panel,
    "Answers": answers_panel,
}


def overview_charts(shown: Sequence[Card]) -> None:
    """Accuracy with intervals, and against size; of the networks that were measured."""
    left, right = st.columns([3, 2], gap="medium")
    names = distinct_names([(card, card.seeds[0]) for card in shown])
    with left:
        show_chart(
            accuracy_chart(shown),
            title="Test accuracy: mean over seeds and its 95 % interval; a tick per seed",
            alt="; ".join(
                f"{name} {100 * card.accuracy:.1f} %"
                + (f", {100 * card.ci95[0]:.1f} to {100 * card.ci95[1]:.1f}" if card.ci95 else "")
                for name, card in zip(names, shown, strict=True)
            ),
            key="accuracy_chart",
        )
    with right:
        show_chart(
            size_chart(shown),
            title="What does a better network cost in bytes?",
            alt="; ".join(
                f"{name} {card.bytes['packed']:,} bytes, {100 * card.accuracy:.1f} %"
                for name, card in zip(names, shown, strict=True)
            ),
            key="size_chart",
        )


require_entry()
everything = cards()
with st.sidebar:
    shown = choose_cards(everything)
    st.divider()
    own_panel()
ours = [card for card in shown if not card.name.startswith(OWN)]
sentence, beside = headline(ours)
st.html(f'<h1 class="ds-finding">{escape(sentence)}</h1><p class="ds-note">{escape(beside)}</p>')
if not shown:
    st.info("No network is left. Loosen the filters in the sidebar.", icon=":material/info:")
    st.stop()
measured = [card for card in shown if len(card.confusion)]
if measured:
    overview_charts(measured)
panel = st.segmented_control(
    "Panel",
    list(PANELS),
    default="Table",
    required=True,
    key="compare_panel",
    persist_state="session",
    label_visibility="collapsed",
)
for_panel = (
    shown if panel in ("Table", "Confusion", "Classes", "Who got it wrong", "Density") else ours
)
PANELS[panel](for_panel)
