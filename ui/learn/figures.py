"""Finished pictures of the story: maps and tables of pixels, side by side."""

from __future__ import annotations

import base64
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from design_core.lab.feature_maps import extract_maps
from design_core.output.drawing import Cells, bits_png, cells_svg, grey_png
from design_core.pictures import fit
from design_core.pictures.samples import SAMPLES, sample
from ui.figures import map_figure

__all__ = ["bits_figure", "grey_figure", "luminance", "percent", "row", "signed", "table_figure"]

Map = NDArray[np.float32]


@st.cache_resource(max_entries=8, show_spinner=False)
def luminance(name: str, longest: int) -> Map:
    """Standardized luminance of a sample, shape (H, W)."""
    x: Map = extract_maps(fit(sample(name), longest), "picture").x[0]
    return x


def percent(share: float, digits: int = 1) -> str:
    """A share as people read it; the space does not break."""
    return f"{100 * share:.{digits}f}\u00a0%"


def signed(value: float, digits: int = 2) -> str:
    """A number with a minus, not a hyphen."""
    return f"{value:.{digits}f}".replace("-", "−")


def row(*figures: str, widths: str = "") -> None:
    """Figures side by side; `widths` as in CSS's grid-template-columns, by default all equal."""
    columns = widths or f"repeat({len(figures)}, minmax(0, 1fr))"
    st.html(f'<div class="ds-row" style="--columns:{columns}">{"".join(figures)}</div>')


def grey_figure(x: Map, name: str, title: str) -> str:
    """A pre-activation in grey."""
    return map_figure(
        grey_png(x), shape=_shape(x), title=title, alt=f"{title}: {SAMPLES[name].alt}"
    )


def bits_figure(bits: NDArray[np.bool_], title: str, alt: str) -> str:
    """A map of bits."""
    return map_figure(bits_png(bits), shape=_shape(bits), title=title, alt=alt)


def table_figure(cells: Cells, title: str, alt: str) -> str:
    """A table of pixels under its title."""
    svg = base64.b64encode(cells_svg(cells, title=alt).encode()).decode()
    return (
        f'<figure class="ds-table"><img src="data:image/svg+xml;base64,{svg}" '
        f'alt="{escape(alt, quote=True)}"><figcaption class="ds-title">{escape(title)}'
        "</figcaption></figure>"
    )


def _shape(plane: NDArray[np.generic]) -> tuple[int, int]:
    height, width = plane.shape
    return height, width
