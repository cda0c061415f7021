"""A figure of Learn on the stage: one part of the article, whose numbers can be dragged."""

from __future__ import annotations

from urllib.parse import parse_qsl

import streamlit as st

from design_core.pictures import Picture
from design_core.pictures.samples import SAMPLES, sample
from ui.learn.address import BLOCK, LEARN, PART, STAIR
from ui.learn.component import Reader, article
from ui.learn.contents import contents, graph_network
from ui.learn.parts import DIALS
from ui.learn.reading import subject
from ui.rail import keys as rail_keys

__all__ = ["show_learn_scene"]

_WITHOUT_FIGURE = {"start": "cut", "open": "pays"}  # and what is shown in their place


def show_learn_scene(link: str, *, revision: int) -> None:
    """Show the part of a link; ValueError if its picture is not here."""
    parameters = dict(parse_qsl(link.partition("?")[2]))
    reading = LEARN.reading(parameters)
    state = reading.entries
    part = state[PART]
    article(
        contents(),
        subject(_picture(parameters.get("picture", ""), state), parameters.get("picture", "")),
        graph_network(),
        key="stage_learn",
        start=Reader(
            part=_WITHOUT_FIGURE.get(part, part),
            values={name: state[dial.key] for name, dial in DIALS.items()},
            stair=state[STAIR],
            block=state[BLOCK],
        ),
        revision=revision,
        on_wish=lambda _: None,
        only=True,
    )


def _picture(code: str, state: dict[str, object]) -> Picture:
    if state[rail_keys.PICTURE_WAY] == "Sample":
        name = str(state[rail_keys.SAMPLE])
        assert name in SAMPLES
        return sample(name)
    kept: Picture | None = st.session_state.get(rail_keys.PICTURE)
    if kept is None or st.session_state.get(rail_keys.PICTURE_CODE) != code:
        raise ValueError("The picture of this scene is not here. Open it on Learn, and come back.")
    return kept
