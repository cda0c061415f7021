"""The presenter's bar as a Streamlit component: what steps scenes, shows the link, and leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from design_core import browser
from ui.links.deck import deck, read_slides, set_deck
from ui.present.scenes import StageScene
from ui.text import plain

__all__ = ["bar_markup", "bar_style", "stage_bar"]

_HERE = Path(__file__).parent


def bar_markup() -> str:
    """The markup of the bar."""
    return (_HERE / "bar.html").read_text(encoding="utf-8")


def bar_style() -> str:
    """The style of the bar."""
    return (_HERE / "bar.css").read_text(encoding="utf-8")


_bar = st.components.v2.component(
    "design_stage_bar",
    html=bar_markup(),
    css=bar_style(),
    js=browser.joined("slides", "bar", "bar_mount", folder=_HERE),
)


def stage_bar(
    scenes: Sequence[StageScene],
    index: int,
    *,
    said: str,
    strength: float,
    qr: str,
    link: str,
    note: str,
    deck_link: str,
    on_step: Callable[[int, str], None],
    key: str,
) -> Literal["", "leave", "take"]:
    """Show the bar.

    Parameters
    ----------
    scenes
        All of them.
    index
        The scene on stage.
    said
        What is said of it.
    strength
        Where a build of it ends.
    qr, link, note
        The scene's address as SVG and as text, and what is to be said of it.
    deck_link
        The address of the deck, or why it has none.
    on_step
        Called with index and link of the next scene, before the next run.
    key
        Unique on the page.

    Returns
    -------
    str
        ``leave`` or ``take`` in the run in which the user leaves, or wants the scenes as a file.
    """

    def stepped() -> None:
        turn = _turn(key)
        wanted, linked = turn.get("index"), turn.get("link")
        if isinstance(wanted, int) and isinstance(linked, str):
            on_step(wanted, linked)

    def rearranged() -> None:
        given = _state(key).get("deck")
        if given is None:
            return
        try:
            set_deck(read_slides(given))
        except ValueError as error:
            st.toast(plain(f"The deck stays as it was: {error}."))

    _bar(
        key=key,
        data={
            "titles": [scene.title for scene in scenes],
            "scenes": [
                vars(scene) | ({"sentence": said} if place == index and said else {})
                for place, scene in enumerate(scenes)
            ],
            "index": index,
            "turn": _turn(key).get("number", 0),
            "strength": strength,
            "qr": qr,
            "link": link,
            "note": note,
            "deck": [vars(slide) for slide in deck()],
            "deckLink": deck_link,
        },
        on_turn_change=stepped,
        on_deck_change=rearranged,
        on_leave_change=_no_call,
        on_take_change=_no_call,
    )
    state = _state(key)
    return "leave" if state.get("leave") else "take" if state.get("take") else ""


def _no_call() -> None:
    """Streamlit lists only states that have a callback; this one needs none."""


def _turn(key: str) -> Mapping[str, Any]:
    """What the browser asked for last: the number of the turn, and the scene."""
    found = _state(key).get("turn")
    return found if isinstance(found, Mapping) else {}


def _state(key: str) -> Mapping[str, Any]:
    found = st.session_state.get(key)
    return found if isinstance(found, Mapping) else {}
