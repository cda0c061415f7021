"""Take it with you: the scenes on stage as one HTML file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from design_core.scores.comparison import finding
from ui.networks import entry
from ui.present.figures import draws, figure_of
from ui.present.live_scene import live_scene
from ui.present.scenes import StageScene, is_live, view_name
from ui.present.talk import Figure, Moving, Still, talk_page
from ui.pytorch import pytorch
from ui.scenes import View
from ui.text import plain

__all__ = ["take_along"]


@st.dialog("Take it with you", width="large")
def take_along(scenes: Sequence[StageScene], opened: Callable[[StageScene], View]) -> None:
    """Offer the scenes as a file.

    Parameters
    ----------
    scenes
        Those on stage.
    opened
        Makes the view of a scene of Explore; ValueError if it cannot be shown here.
    """
    st.markdown(
        "One HTML file with the scenes of your choice and the keys of the stage. It opens from a "
        "memory stick or on a phone; the networks of live scenes run in it. It loads nothing and "
        "sends nothing."
    )
    places = st.pills(
        "Scenes",
        range(len(scenes)),
        selection_mode="multi",
        default=range(len(scenes)),
        format_func=lambda place: plain(scenes[place].title),
        key="take_scenes",
    )
    address = st.text_input(
        "Its address, for a QR code",
        placeholder="https://… ; leave it empty for none",
        max_chars=1000,
        key="take_address",
    )
    chosen = [scenes[place] for place in sorted(places)]
    if not chosen:
        st.caption("Choose a scene.")
        return
    try:
        with st.spinner("Preparing the scenes …"):
            prepared = [_prepared(scene, opened) for scene in chosen]
    except ValueError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    st.download_button(
        "Save the file",
        lambda: talk_page(prepared, address=address.strip()),  # without a session at hand
        file_name="talk.html",
        mime="text/html",
        icon=":material/download:",
        key="take_file",
        type="primary",
        on_click="ignore",
    )


def _prepared(scene: StageScene, opened: Callable[[StageScene], View]) -> Still | Moving | Figure:
    if scene.page in ("learn", "batch"):
        raise ValueError(f"{scene.title} cannot be taken along yet. Leave it out.")
    if draws(scene.page):
        drawn = figure_of(scene.link)
        return Figure(scene.title, scene.sentence or drawn.sentence, drawn.html, scene.notes)
    if is_live(scene.link):
        if not pytorch():
            raise ValueError("Live scenes need PyTorch here. Leave them out.")
        live = live_scene(scene.link)
        entries = [entry(reference) for reference in live.references]
        return Moving(scene.title, scene.sentence or scene.title, entries, live.start, scene.notes)
    view = opened(scene)
    scores = view.scores()
    sentence = scene.sentence or finding(scores["sign"], scores["design"])
    return Still(scene.title, sentence, view, view_name(scene.link), scene.notes, scene.build)
