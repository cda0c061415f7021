"""Many small pictures of which one is chosen, by click or arrow keys, as a Streamlit component."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

__all__ = ["Tile", "tiles"]

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "design_tiles",
    html=(_HERE / "tiles.html").read_text(encoding="utf-8"),
    css=(_HERE / "tiles.css").read_text(encoding="utf-8"),
    js=(_HERE / "tiles.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Tile:
    """One choice.

    Parameters
    ----------
    alt
        What there is to see, with its numbers; the choice's name for screen readers.
    pictures
        PNG files at one pixel per pixel, drawn beside each other.
    size
        (height, width) of each of them.
    caption
        A few words beneath.
    marked
        Whether a dot marks it; the page says what the dot means.
    """

    alt: str
    pictures: tuple[bytes, ...]
    size: tuple[int, int]
    caption: str = ""
    marked: bool = False


def tiles(
    choices: Sequence[Tile],
    *,
    label: str,
    selected: int | None,
    on_pick: Callable[[int], None],
    key: str,
    side: int = 64,
    wrap: bool = False,
) -> None:
    """Show the choices; pictures are enlarged by the largest whole factor that fits, unsmoothed.

    Parameters
    ----------
    label
        What is chosen here, for screen readers.
    selected
        Index of the one that is chosen, None for none.
    on_pick
        Called with an index before the next run.
    key
        Unique on the page.
    side
        Side of a picture at most, in CSS pixels.
    wrap
        Rows that wrap instead of one strip that scrolls.
    """

    def picked() -> None:
        index = _read(st.session_state.get(key), len(choices))
        if index is not None:
            on_pick(index)

    _component(
        key=key,
        data={
            "label": label,
            "selected": selected,
            "side": side,
            "wrap": wrap,
            "tiles": [_plain(tile) for tile in choices],
        },
        on_picked_change=picked,
    )


def _plain(tile: Tile) -> dict[str, Any]:
    height, width = tile.size
    return {
        "alt": tile.alt,
        "caption": tile.caption,
        "marked": tile.marked,
        "height": height,
        "width": width,
        "urls": [
            f"data:image/png;base64,{base64.b64encode(png).decode()}" for png in tile.pictures
        ],
    }


def _read(state: Any, count: int) -> int | None:
    """The index in a report; a report comes from a browser, so nothing in it is taken on trust."""
    index = state.get("picked") if isinstance(state, Mapping) else None
    is_index = isinstance(index, int) and not isinstance(index, bool) and 0 <= index < count
    return index if is_index else None
