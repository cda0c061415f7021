"""The look that Streamlit's theme settings cannot express."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

__all__ = ["apply"]

_CSS = Path(__file__).with_name("theme.css")


def apply() -> None:
    """Put the style sheet on the page; once per run, in the entry script."""
    st.html(_CSS)
