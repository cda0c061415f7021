"""Predict: one picture, and what two to four trained networks make of it."""

from __future__ import annotations

from html import escape

import streamlit as st

from design_core.zoo.agreement import Answer, agreement
from design_core.zoo.naming import distinct_names, say_class
from design_core.zoo.seen import seen
from ui.entry import require_entry
from ui.networks import card_of, entry, predictions
from ui.predict.answers import answers_html, seen_html
from ui.predict.choice import choose_networks
from ui.predict.picture import Chosen, choose_picture, sample_strip
from ui.predict.subject import Subject
from ui.predict.swap_panel import swap_panel
from ui.predict.walk_panel import walk_panel

PANELS = {"Walk through": walk_panel, "Swap the kernel": swap_panel}
MANY = 12  # more classes than this are not listed


def subject_of(chosen: Chosen, references: list[str]) -> Subject:
    """The networks opened; ValueError, in words, where one cannot be."""
    entries = tuple(entry(reference) for reference in references)
    classes = entries[0].checkpoint.pictures.class_names
    return Subject(
        chosen.picture,
        tuple(references),
        entries,
        tuple(distinct_names([card_of(reference) for reference in references])),
        chosen.label if chosen.label in classes else None,
    )


def note(chosen: Chosen, subject: Subject) -> str:
    """What the picture is, and whether the networks can know it at all."""
    classes = [say_class(name) for name in subject.classes]
    known = ", ".join(classes) if len(classes) <= MANY else f"{len(classes)} classes"
    if subject.true_class:
        return f"{chosen.title}. True class: {say_class(subject.true_class)}."
    told = f"{chosen.title}. "
    if chosen.label:
        told += f"Its class, {say_class(chosen.label)}, is none of theirs. "
    return told + f"Whatever they see, these networks name one of theirs: {known}."


@st.fragment
def panels(subject: Subject) -> None:
    """A closer look; only the chosen one is computed."""
    panel = st.segmented_control(
        "A closer look",
        list(PANELS),
        default=None if "predict_panel" in st.session_state else next(iter(PANELS)),
        required=True,
        key="predict_panel",
        persist_state="session",
        label_visibility="collapsed",
    )
    PANELS[str(panel)](subject)


require_entry()
with st.sidebar:
    chosen = choose_picture()
    st.divider()
    references = choose_networks()
heading = st.empty()
about = st.empty()
if st.session_state.get("predict_way", "Sample") == "Sample":
    sample_strip(references)
if not references:
    heading.html('<h1 class="ds-finding">Choose two networks to compare</h1>')
    st.stop()
try:
    subject = subject_of(chosen, references)
    found = predictions(subject.picture, references)
except ValueError as error:
    heading.html('<h1 class="ds-finding">A network cannot be asked</h1>')
    st.error(str(error), icon=":material/error:")
    st.stop()
answers = [found[reference] for reference in references]
told = [
    Answer(name, answer.probabilities) for name, answer in zip(subject.names, answers, strict=True)
]
heading.html(f'<h1 class="ds-finding">{escape(agreement(told, subject.true_class))}</h1>')
about.html(f'<p class="ds-note">{escape(note(chosen, subject))}</p>')
st.html(
    f'<div class="ds-predict">{seen_html(chosen, seen(chosen.picture, subject.form))}'
    f"{answers_html(subject, answers)}</div>"
)
panels(subject)
