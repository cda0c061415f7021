"""The presenter's bar as a Streamlit component: what steps scenes, shows the link, and leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

__all__ = ["stage_bar"]

_HERE = Path(__file__).parent
_bar = st.components.v2.component(
    "design_stage_bar",
    html=(_HERE / "bar.html").read_text(encoding="utf-8"),
    css=(_HERE / "bar.css").read_text(encoding="utf-8"),
    js=(_HERE / "bar.js").read_text(encoding="utf-8"),
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
) -> bool:
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
    bool
        Whether the user leaves.
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
    )
    return bool(_state(key).get("leave"))


def _no_call() -> None:
    """Streamlit lists only states that have a callback; this one needs none."""


def _state(key: str) -> Mapping[str, Any]:
    found = st.session_state.get(key)
    return found if isinstance(found, Mapping) else {}
