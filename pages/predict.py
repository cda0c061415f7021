"""Predict: one picture, and what two to four trained networks make of it."""

from __future__ import annotations

from functools import partial
from html import escape

import streamlit as st

from design_core.lab.agreement import Answer, agreement
from design_core.lab.network_input import seen
from design_core.output.drawing import pixels_png
from design_core.output.reproduce import Subject as NamedPicture
from design_core.output.reproduce import prediction_recipe
from design_core.zoo.card import OWN
from design_core.zoo.entry import Prediction
from design_core.zoo.naming import say_class
from ui.entry import require_entry
from ui.links.pins import Preview
from ui.live.link import live_link
from ui.networks import predictions
from ui.own_panel import own_panel
from ui.predict import keys
from ui.predict.address import PANELS, PREDICT
from ui.predict.answers import answers_html, seen_html
from ui.predict.asked import subject_of
from ui.predict.choice import choose_networks, take_own
from ui.predict.picture import Chosen, choose_picture, sample_strip
from ui.predict.subject import Subject
from ui.pytorch import pytorch
from ui.share.address import arrive
from ui.share.panel import share
from ui.share.reproduce import picture_reference, recipe_expander

MANY = 12  # more classes than this are not listed


def note(chosen: Chosen, subject: Subject) -> str:
    """What the picture is, and whether the networks can know it at all."""
    classes = [say_class(name) for name in subject.classes]
    known = ", ".join(classes) if len(classes) <= MANY else f"{len(classes)} classes"
    read = f" ({'; '.join(chosen.picture.notes)})" if chosen.picture.notes else ""
    if subject.true_class:
        return f"{chosen.title}{read}. True class: {say_class(subject.true_class)}."
    told = f"{chosen.title}{read}. "
    if chosen.label:
        told += f"Its class, {say_class(chosen.label)}, is none of theirs. "
    return told + f"Whatever they see, these networks name one of theirs: {known}."


def finding(subject: Subject, answers: list[Prediction]) -> str:
    """Agreement in a sentence."""
    told = [
        Answer(name, answer.probabilities)
        for name, answer in zip(subject.names, answers, strict=True)
    ]
    return agreement(told, subject.true_class)


def title(sentence: str, about: str = "") -> str:
    """The finding, and a line on the picture."""
    return f'<h1 class="ds-finding">{escape(sentence)}</h1><p class="ds-note">{escape(about)}</p>'


def side_by_side(left: str, right: str, count: int) -> str:
    """What the networks see, and what they say; narrower where they are many."""
    return f'<div class="ds-predict{" ds-many" if count > 2 else ""}">{left}{right}</div>'


def panels(subject: Subject) -> None:
    """A closer look; only the chosen one is computed."""
    panel = st.segmented_control(
        "A closer look",
        PANELS,
        default=PANELS[0],
        required=True,
        key=keys.PANEL,
        persist_state="session",
        label_visibility="collapsed",
    )
    if pytorch():
        from ui.predict.panels import DRAWN

        DRAWN[str(panel)](subject)


require_entry()
arrive(PREDICT)
with st.sidebar:
    chosen = choose_picture()
    st.divider()
    references = choose_networks()
    with st.expander("A network of your own", icon=":material/upload:"):
        own_panel(take_own(keys.CAME))
heading = st.empty()
strip = st.container()
try:
    if not references:
        raise ValueError("Choose two networks to compare, at the left.")
    subject = subject_of(chosen, references)
    found = predictions(subject.picture, references)
except ValueError as error:
    sentence, preview = "No network is asked", None
    heading.html(title(sentence))
    sample_strip(strip, [])
    tell = st.error if references else st.info
    tell(str(error), icon=":material/error:" if references else ":material/arrow_back:")
else:
    answers = [found[reference] for reference in references]
    sentence, shown = finding(subject, answers), seen(chosen.picture, subject.form)
    preview = partial(Preview, pixels_png(shown.pixels), (shown.side, shown.side))
    heading.html(title(sentence, note(chosen, subject)))
    cut = any(entry.picture != "real" for entry in subject.entries)
    st.html(
        side_by_side(
            seen_html(chosen, shown, cut=cut), answers_html(subject, answers), len(answers)
        )
    )
    sample_strip(strip, references)
    live_link(references, str(st.session_state[keys.DATA]))
    panels(subject)
    in_zoo = [reference for reference in references if not reference.startswith(OWN)]
    recipe_expander(
        lambda: prediction_recipe(
            NamedPicture(*picture_reference(chosen.code, chosen.picture)), in_zoo
        ),
        note="" if len(in_zoo) == len(references) else "Networks of your own are left out.",
    )
share(PREDICT, about=sentence, preview=preview)
