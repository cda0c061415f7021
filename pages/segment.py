"""Segment: a class for every pixel, by Sign and by another activation, and where they differ."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape

import streamlit as st

from design_core.output.drawing import pixels_png
from design_core.segmentation.finding import map_finding, map_scores
from design_core.study.segmentation import segmentation_sentences
from design_core.zoo.arms import ARMS
from design_core.zoo.card import Card
from ui.entry import require_entry
from ui.links.pins import Preview
from ui.segment import keys
from ui.segment.address import SEGMENT
from ui.segment.networks import BESIDE, class_map, pixel_cards, pixel_entry
from ui.segment.picture import Shown, choose
from ui.segment.view import (
    difference_figure,
    figures_html,
    legend_html,
    map_of_classes,
    picture_figure,
)
from ui.share.address import arrive
from ui.share.panel import share
from ui.text import plain

NONE = "No network gives each pixel a class here yet"


def title(sentence: str, about: str) -> None:
    """The finding, and a line beneath it."""
    st.html(f'<h1 class="ds-finding">{escape(sentence)}</h1><p class="ds-note">{escape(about)}</p>')


def choose_networks(cards: dict[str, Card]) -> tuple[str, int]:
    """The second arm and the seed."""
    offered = [key for key in BESIDE if key in cards]
    if st.session_state.get(keys.BESIDE) not in offered:
        st.session_state[keys.BESIDE] = offered[0]
    beside = st.selectbox(
        "Beside Sign",
        offered,
        format_func=lambda key: ARMS[key].title,
        key=keys.BESIDE,
        persist_state="session",
        help="Hidden layers of the second network; all else is the same.",
    )
    seeds = sorted(set(cards["sign"].seeds) & set(cards[beside].seeds)) or cards["sign"].seeds
    if st.session_state.get(keys.SEED) not in seeds:
        st.session_state[keys.SEED] = seeds[0]
    seed = st.segmented_control(
        "Seed", seeds, required=True, key=keys.SEED, persist_state="session", width="stretch"
    )
    return beside, int(seed or 0)


def compare(
    shown: Shown, cards: dict[str, Card], beside: str, seed: int
) -> tuple[str, Callable[[], Preview]]:
    """Draw picture, truth, both maps and their difference; the finding, and what to pin."""
    references = [f"{cards[key].name}@{seed}" for key in ("sign", beside)]
    names = ARMS["sign"].short, ARMS[beside].short
    first, second = (class_map(shown.picture, reference) for reference in references)
    form = pixel_entry(references[0]).pictures
    pixels, classes = form.square(shown.picture), form.class_names
    truth = shown.truth if shown.truth is not None and shown.truth.shape == first.shape else None
    sentence = map_finding(names, first, second)
    about = (
        f"{shown.title}. Whatever is in it, these networks name one of {len(classes)} classes of "
        "street scenes."
    )
    if truth is not None:
        each = zip(names, (first, second), strict=True)
        scores = "; ".join(map_scores(name, told, truth, len(classes)) for name, told in each)
        about = f"{shown.title}. {scores}."
    title(sentence, about)
    known = [] if truth is None else [map_of_classes(truth, classes, "Truth")]
    st.html(
        figures_html(
            [
                picture_figure(pixels, shown.title),
                *known,
                map_of_classes(first, classes, names[0]),
                map_of_classes(second, classes, names[1]),
                difference_figure(first, second, truth, names),
            ]
        )
    )
    st.html(legend_html(classes))
    return sentence, partial(Preview, pixels_png(pixels), pixels.shape[:2])


def results(cards: dict[str, Card]) -> None:
    """What all test pictures and seeds say."""
    told = "".join(
        f"<li>{escape(sentence)}</li>" for _, sentence in segmentation_sentences([*cards.values()])
    )
    st.html(f'<h2>Over all test pictures</h2><ul class="ds-findings">{told}</ul>')


require_entry()
arrive(SEGMENT)
cards = pixel_cards()
with st.sidebar:
    shown = choose()
sentence: str = NONE
preview: Callable[[], Preview] | None = None
if "sign" in cards and len(cards) > 1:
    with st.sidebar:
        st.divider()
        beside, seed = choose_networks(cards)
    try:
        sentence, preview = compare(shown, cards, beside, seed)
    except ValueError as error:
        title("No network is asked", "")
        st.error(plain(str(error)), icon=":material/error:")
    results(cards)
else:
    title(
        NONE,
        "Train some: design zoo train --only 'camvid-*', with the pictures of CamVid where the "
        "other data sets lie.",
    )
share(SEGMENT, about=sentence, preview=preview)
