"""The gallery of curated scenes."""

from __future__ import annotations

import base64
from html import escape

import numpy as np
import streamlit as st

from design_core.output.drawing import kernel_svg, mosaic, mosaic_png
from ui.design import keys as design_keys
from ui.design.address import DESIGN
from ui.scenes import SCENES, view_of
from ui.share.address import open_link

__all__ = ["gallery", "thumbnail"]

_COLUMNS = 4
_TILE = 96  # pixels of a map, at most, in a thumbnail


@st.dialog("Scenes", width="large")
def gallery() -> None:
    """All scenes with a picture and a sentence; a click opens one."""
    for first in range(0, len(SCENES), _COLUMNS):
        row = list(SCENES.items())[first : first + _COLUMNS]
        for column, (name, scene) in zip(st.columns(_COLUMNS), row, strict=False):
            with column:
                st.html(f'<div class="ds-scene">{thumbnail(scene.link)}</div>')
                if st.button(scene.title, key=f"scene_{name}", width="stretch"):
                    open_link(scene.link)
                st.html(f'<p class="ds-note">{escape(scene.sentence)}</p>')


@st.cache_resource(max_entries=64, show_spinner=False)
def thumbnail(link: str) -> str:
    """Sign and DeSign on the middle of the map, or the kernel that is designed, as HTML.

    Samples are the same for everybody, so thumbnails are made once for all.
    """
    page, _, query = link.partition("?")
    if page == DESIGN.page:
        kernel = DESIGN.reading(dict(part.split("=") for part in query.split("&") if part))
        data, kind = (
            kernel_svg(kernel.entries[design_keys.LINKED_KERNEL], cell=72).encode(),
            "svg+xml",
        )
    else:
        both = np.stack(view_of(link).bits())
        height, width = both.shape[1:]
        top, left = max(0, (height - _TILE) // 2), max(0, (width - _TILE) // 2)
        cut = both[:, top : top + _TILE, left : left + _TILE]
        data, kind = mosaic_png(mosaic(cut, columns=2, gap=4)), "png"
    return f'<img src="data:image/{kind};base64,{base64.b64encode(data).decode()}" alt="">'
