"""A live scene on the stage: the networks of a link run in the page, without controls."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

import streamlit as st

from ui.live import keys as live_keys
from ui.live import live
from ui.live.address import LIVE, STATE
from ui.live.choice import live_bundle

__all__ = ["LiveScene", "live_scene", "show_live_scene"]

_KEY = "stage_live"


@dataclass(frozen=True)
class LiveScene:
    """What a link to Live shows.

    Parameters
    ----------
    references
        The networks at hand.
    dataset
        That they were trained on.
    start
        What is on screen, see `ui.live.LiveAnswer`.
    """

    references: list[str]
    dataset: str
    start: str


def live_scene(link: str) -> LiveScene:
    """The scene behind a link to Live; ValueError if its networks are not here."""
    reading = LIVE.reading(dict(parse_qsl(link.partition("?")[2])))
    if reading.ignored:
        raise ValueError(f"This scene cannot be shown here: {reading.ignored[0]}.")
    state = reading.entries
    return LiveScene(state[live_keys.NETWORKS], state[live_keys.DATA], state[STATE])


def show_live_scene(link: str, *, revision: int) -> None:
    """Let the networks run on the stage; each `revision` begins anew."""
    scene = live_scene(link)
    with st.spinner("Preparing the networks for this page …"):
        made = live_bundle(scene.references, scene.dataset, key=_KEY)
    live(made, key=_KEY, start=scene.start, presenter=True, revision=revision)
