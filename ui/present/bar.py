"""The presenter's bar as a Streamlit component: what steps scenes, shows the link, and leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from design_core import browser

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
    js=browser.joined("bar", "bar_mount", folder=_HERE),
)


def stage_bar(
    titles: Sequence[str],
    index: int,
    *,
    qr: str,
    link: str,
    note: str,
    on_step: Callable[[int], None],
    key: str,
) -> Literal["", "leave", "take"]:
    """Show the bar.

    Parameters
    ----------
    titles
        Of all scenes.
    index
        The scene on stage.
    qr, link, note
        The scene's address as SVG and as text, and what is to be said of it.
    on_step
        Called with the index of the next scene, before the next run.
    key
        Unique on the page.

    Returns
    -------
    str
        ``leave`` or ``take`` in the run in which the user leaves, or wants the scenes as a file.
    """

    def stepped() -> None:
        wanted = _state(key).get("index")
        if isinstance(wanted, int) and 0 <= wanted < len(titles):
            on_step(wanted)

    _bar(
        key=key,
        data={"titles": list(titles), "index": index, "qr": qr, "link": link, "note": note},
        on_index_change=stepped,
        on_leave_change=_no_call,
        on_take_change=_no_call,
    )
    state = _state(key)
    return "leave" if state.get("leave") else "take" if state.get("take") else ""


def _no_call() -> None:
    """Streamlit lists only states that have a callback; this one needs none."""


def _state(key: str) -> Mapping[str, Any]:
    found = st.session_state.get(key)
    return found if isinstance(found, Mapping) else {}
