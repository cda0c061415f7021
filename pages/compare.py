"""Compare: the zoo of trained networks, side by side, with what the seeds carry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isnan

import streamlit as st

from design_core.study.report import for_people, headline
from design_core.zoo.card import OWN, Card
from design_core.zoo.naming import card_short_name
from ui.compare import keys
from ui.compare.ablation_panel import ablation_panel
from ui.compare.address import COMPARE, OVERVIEW, offered_panels
from ui.compare.answers_panel import answers_panel
from ui.compare.batch_norm_panel import batch_norm_panel
from ui.compare.classes_panel import classes_panel
from ui.compare.confusion_panel import confusion_panel
from ui.compare.corruption_panel import corruption_panel
from ui.compare.density_panel import density_panel
from ui.compare.filters import choose_cards
from ui.compare.learning_panel import learning_panel
from ui.compare.overview_panel import overview_panel
from ui.compare.picture_panel import picture_panel
from ui.compare.wrong_panel import wrong_panel
from ui.entry import require_entry
from ui.networks import cards, tell_damaged
from ui.own_panel import own_panel
from ui.share.address import arrive
from ui.share.panel import share
from ui.text import sentence_html

# Of what was brought along there is no training to tell of.
DRAWN: dict[str, Callable[[Sequence[Card]], None]] = {
    "One-bit pictures": picture_panel,
    "Learning": learning_panel,
    "Batch norm": batch_norm_panel,
    "Corruptions": corruption_panel,
    "Ablation": ablation_panel,
    "Answers": answers_panel,
}
DRAWN_WITH_OWN: dict[str, Callable[[Sequence[Card]], None]] = {
    "Overview": overview_panel,
    "Who got it wrong": wrong_panel,
    "Confusion": confusion_panel,
    "Classes": classes_panel,
    "Density": density_panel,
}


def headline_of_own(own: Sequence[Card]) -> tuple[str, str]:
    """Finding and note where only networks are left that the visitor brought along."""
    told = [
        f"{card_short_name(card)} {100 * card.accuracy:.1f} %"
        for card in own
        if not isnan(card.accuracy)
    ]
    measured = f": {', '.join(told)} of the test pictures right." if told else "."
    note = "One seed each: chance alone moves such figures by a point or more." if told else ""
    return f"Your networks{measured}", note


require_entry()
arrive(COMPARE)
with st.sidebar:
    shown = choose_cards(cards())
    st.divider()
    own_panel()
    tell_damaged()
    st.divider()
ours = [card for card in shown if not card.name.startswith(OWN)]
sentence, beside = headline(ours) if ours or not shown else headline_of_own(shown)
people, figures = for_people(sentence)
st.html(
    f'<div class="ds-steady"><h1 class="ds-finding">{sentence_html(people)}</h1>'
    f'<p class="ds-note">{sentence_html(f"{figures} {beside}".strip())}</p></div>'
)
offered = offered_panels()
if st.session_state.get(keys.PANEL) not in offered:  # by a link, before its kernels are trained
    st.session_state[keys.PANEL] = OVERVIEW
panel = st.segmented_control(
    "Panel",
    offered,
    default=OVERVIEW,
    required=True,
    key=keys.PANEL,
    persist_state="session",
    label_visibility="collapsed",
)
if not shown:
    st.info("No network is left. Loosen the filters in the sidebar.", icon=":material/info:")
elif panel in DRAWN:
    DRAWN[panel](ours)
else:
    DRAWN_WITH_OWN[panel](shown)
share(COMPARE, about=sentence)
