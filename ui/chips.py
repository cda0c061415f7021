"""What is chosen in a list, in the colour that it has in the charts: Sign grey, DeSign blue."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from ui.charts import label_colour

__all__ = ["colour_chips"]


def colour_chips(key: str, colours: Iterable[str]) -> None:
    """Colour the choices of the multiselect of a key, in their order."""
    rules = "".join(
        f'.st-key-{key} [data-tag-index="{place}"] {{ background: {label_colour(colour)}; }}'
        for place, colour in enumerate(colours)
    )
    st.html(f"<style>{rules}</style>")
