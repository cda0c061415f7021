"""The view of two networks as a Streamlit component: markup that is renewed in its place.

``st.html`` would drop the vectors, and a chart library would draw every frame anew.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

__all__ = ["show_markup"]

_view = st.components.v2.component(
    "design_train_view",
    html='<div class="tr-place"></div>',
    css=Path(__file__).with_name("view.css").read_text(encoding="utf-8"),
    js="""
    export default function mount({ data, parentElement }) {
      const place = parentElement.querySelector(".tr-place");
      if (place.dataset.shown === data.markup) return;
      place.innerHTML = data.markup;
      place.dataset.shown = data.markup;
    }
    """,
)


def show_markup(markup: str, *, key: str) -> None:
    """Show markup of our own; names of others in it are escaped."""
    _view(key=key, data={"markup": markup}, height="content")
