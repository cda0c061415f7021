"""Who got it wrong: the test pictures that one network has right and the other has not."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from design_core.lab.predicted_pictures import are_the_same, predict_set
from design_core.output.drawing import pixels_png
from design_core.paths import DATA
from design_core.pictures import Picture, PictureError
from design_core.pictures.datasets import open_split
from design_core.pictures.picture_set import DatasetError, PictureSet
from design_core.pictures.samples import sample_set
from design_core.study.disagreement import (
    Disagreement,
    card_disagreement,
    disagreement,
    spread,
)
from design_core.study.report import mcnemar_words
from design_core.zoo.card import Card
from design_core.zoo.entry import Entry
from design_core.zoo.naming import data_set_heading, say_class
from design_core.zoo.network_file import PictureForm
from ui.charts import chart_title, show_chart
from ui.compare import keys
from ui.compare.charts import wrong_chart
from ui.compare.pair import Pair, choose_pair, choose_seeds, pair_colours
from ui.networks import FORWARD, entry
from ui.text import plain

__all__ = ["SIDES", "wrong_panel"]

SIDES = ("Only the first right", "Only the second right", "Both wrong")
_AT_ONCE = 24


def wrong_panel(cards: Sequence[Card]) -> None:
    """Counts with McNemar's test, classes, and the pictures where they are on this machine."""
    pair = choose_pair([card for card in cards if len(card.confusion)])
    if pair is None:
        return
    seeds = choose_seeds(pair)
    try:
        found = card_disagreement(pair.first, seeds[0], pair.second, seeds[1])
    except ValueError as error:
        st.info(plain(str(error)), icon=":material/info:")
        return
    entries: tuple[Entry, ...] = ()
    pictures = _test_set(pair.first.dataset)
    if pictures is not None:
        with st.spinner("Opening both networks …"):
            entries = (_opened(pair.first, seeds[0]), _opened(pair.second, seeds[1]))
        if not _fits(pictures, entries[0]):
            found, pictures = _on_the_set_here(found, pictures, entries)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.html(_counts(found, pair))
        st.markdown(mcnemar_words(found, plain(pair.first_name), plain(pair.second_name)))
    with right:
        by_class = found.by_class(len(pair.classes))
        show_chart(
            wrong_chart(by_class, pair.classes, pair_colours(pair)),
            title="Pictures that only one of them has right, by true class",
            alt="; ".join(
                f"{say_class(name)}: only {pair.first_name} {first}, only {pair.second_name} "
                f"{second}"
                for name, (first, second) in zip(pair.classes, by_class.tolist(), strict=True)
            ),
            key="wrong_by_class",
        )
    if pictures is None:
        _samples(pair, seeds)
        return
    _gallery(found, pair, pictures, entries[0].pictures)


def _samples(pair: Pair, seeds: tuple[int, int]) -> None:
    """Without the test set: what both make of those of its pictures that come along."""
    title = data_set_heading(pair.first.dataset)
    later = (
        f"All pictures behind the counts appear once the {plain(title)} test set lies in the "
        f"folder {DATA.name}/ beside the app; Explore downloads it as picture source “Data set”."
    )
    pictures = sample_set(pair.first.dataset)
    if pictures is None:
        st.info(f"The counts come from stored predictions. {later}", icon=":material/image:")
        return
    try:
        entries = _opened(pair.first, seeds[0]), _opened(pair.second, seeds[1])
        found = disagreement(pictures.labels, *(_answers(one, pictures) for one in entries))
    except ValueError as error:  # a card whose network is not here
        st.info(plain(f"{error} {later}"), icon=":material/image:")
        return
    chart_title(f"What both say of the {pictures.title}")
    right = (found.only_first, found.only_second, found.neither)
    both = np.flatnonzero((found.first == found.true) & (found.second == found.true))
    _cells(found, pair, pictures, entries[0].pictures, np.concatenate([*right, both]))
    st.caption(
        "First those that only one of them has right. Under each picture its class, then what "
        f"{plain(pair.first_name)} says, then {plain(pair.second_name)}. {later}"
    )


def _opened(card: Card, seed: int) -> Entry:
    return entry(f"{card.name}@{seed}")


@st.cache_resource(max_entries=4, show_spinner="Looking for the test set …")
def _found_test_set(dataset: str) -> PictureSet | None:
    return open_split(dataset)


def _test_set(dataset: str) -> PictureSet | None:
    """None, with a message, where the set is damaged."""
    try:
        found = _found_test_set(dataset)
        if found is None:  # it may come at any time
            _found_test_set.clear(dataset)
    except DatasetError as error:
        st.warning(plain(str(error)), icon=":material/error:")
        return None
    return found


def _fits(pictures: PictureSet, first: Entry) -> bool:
    """Whether stored predictions and pictures belong together, looked at once per network."""
    kept: dict[tuple[str, str], bool] = st.session_state.setdefault("compare_sets_that_fit", {})
    key = first.card.result(first.seed).sha256, pictures.name
    if key not in kept:
        try:
            with FORWARD:
                kept[key] = are_the_same(pictures, first, *first.card.predictions(first.seed))
        except PictureError:
            kept[key] = False
    return kept[key]


def _on_the_set_here(
    stored: Disagreement, pictures: PictureSet, entries: tuple[Entry, ...]
) -> tuple[Disagreement, PictureSet | None]:
    """A set in another order or of other pictures: both networks classify it, if asked to."""
    answers = st.session_state.get("compare_answers", {})
    keys = [(one.card.result(one.seed).sha256, pictures.name) for one in entries]
    if not all(key in answers for key in keys):
        st.caption(
            f"{plain(pictures.title)} is on this machine, in another order than when these "
            "networks were tested, so their stored predictions do not say which picture is which."
        )
        if not st.button(
            f"Classify its {len(pictures):,} pictures now",
            icon=":material/play_arrow:",
            key="classify",
        ):
            return stored, None
    try:
        first, second = (_answers(one, pictures) for one in entries)
    except (ValueError, PictureError) as error:
        st.error(plain(str(error)), icon=":material/error:")
        return stored, None
    return disagreement(pictures.labels, first, second), pictures


def _answers(network: Entry, pictures: PictureSet) -> NDArray[np.int64]:
    """What a network says of each picture, asked once in a session."""
    kept: dict[tuple[str, str], NDArray[np.int64]] = st.session_state.setdefault(
        "compare_answers", {}
    )
    key = network.card.result(network.seed).sha256, pictures.name
    if key not in kept:
        kept[key] = _classified(network, pictures)
    return kept[key]


def _classified(network: Entry, pictures: PictureSet) -> NDArray[np.int64]:
    bar = st.progress(0.0, plain(network.card.name))
    with FORWARD:
        found = predict_set(
            network, pictures, report=lambda share: bar.progress(share, plain(network.card.name))
        )
    bar.empty()
    return found


def _counts(found: Disagreement, pair: Pair) -> str:
    """The 2×2 table."""
    first, second = escape(pair.first_name), escape(pair.second_name)
    (both, only_first), (only_second, neither) = found.counts
    one, other = pair_colours(pair)
    return (
        f'<table class="ds-fourfold" style="--first:{one};--second:{other}"><thead><tr><td></td>'
        f'<th scope="col">{second} right</th><th scope="col">{second} wrong</th></tr></thead>'
        f'<tbody><tr><th scope="row">{first} right</th><td>{both:,}</td>'
        f'<td class="ds-only-first">{only_first:,}</td></tr>'
        f'<tr><th scope="row">{first} wrong</th><td class="ds-only-second">{only_second:,}</td>'
        f"<td>{neither:,}</td></tr></tbody></table>"
    )


def _gallery(found: Disagreement, pair: Pair, pictures: PictureSet, form: PictureForm) -> None:
    left, middle, right = st.columns([5, 3, 2], vertical_alignment="bottom")
    with left:
        side = st.segmented_control(
            "Pictures",
            SIDES,
            default=SIDES[0],
            required=True,
            key=keys.WRONG_SIDE,
            persist_state="session",
        )
    places = (found.only_first, found.only_second, found.neither)[SIDES.index(side)]
    with middle:
        chosen = st.selectbox(
            "True class",
            [-1, *range(len(pair.classes))],
            format_func=lambda one: "all" if one < 0 else say_class(pair.classes[one]),
            key=f"wrong_class_{len(pair.classes)}",
            persist_state="session",
        )
    if chosen >= 0:
        places = places[found.true[places] == chosen]
    places = spread(places, found.true)
    pages = max(1, -(-len(places) // _AT_ONCE))
    with right:
        page = st.number_input("Page", 1, pages, 1, key=f"wrong_page_{side}_{chosen}_{pages}")
    if not len(places):
        st.info("There is no such picture.", icon=":material/info:")
        return
    shown = places[(page - 1) * _AT_ONCE : page * _AT_ONCE]
    if not _cells(found, pair, pictures, form, shown):
        return
    st.caption(
        f"{len(shown)} of {len(places):,} pictures, as the networks see them. Under each its "
        f"class, then what {plain(pair.first_name)} says, then {plain(pair.second_name)}."
    )


def _cells(
    found: Disagreement,
    pair: Pair,
    pictures: PictureSet,
    form: PictureForm,
    places: NDArray[np.int64],
) -> bool:
    """The pictures at some places; False, with a message, where one cannot be read."""
    try:
        cells = [_cell(found, pair, pictures.picture(int(k)), form, int(k)) for k in places]
    except PictureError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return False
    st.html(f'<div class="ds-gallery">{"".join(cells)}</div>')
    return True


def _cell(found: Disagreement, pair: Pair, picture: Picture, form: PictureForm, place: int) -> str:
    """A picture as the networks see it, its class, and what either takes it for."""
    png = base64.b64encode(pixels_png(form.square(picture))).decode()
    true = say_class(pair.classes[found.true[place]])
    lines, spoken = [], []
    for name, predicted in (
        (pair.first_name, found.first[place]),
        (pair.second_name, found.second[place]),
    ):
        said = say_class(pair.classes[predicted])
        right = predicted == found.true[place]
        kind, mark = ("ds-right", "✓") if right else ("ds-wrong", "✗")
        lines.append(
            f'<span class="{kind}"><span aria-hidden="true">{mark}</span> {escape(said)}</span>'
        )
        spoken.append(f"{name} says {said}")
    alt = escape(f"Test picture {place}, {true}: {', '.join(spoken)}", quote=True)
    return (
        f'<figure><img src="data:image/png;base64,{png}" alt="{alt}" title="{alt}">'
        f"<figcaption><b>{escape(true)}</b>{''.join(lines)}</figcaption></figure>"
    )
