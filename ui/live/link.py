"""The way from other pages to Live."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ui.live import keys
from ui.live.choice import runnable

__all__ = ["live_link"]


def live_link(references: Sequence[str], dataset: str) -> None:
    """A button that takes networks of a data set to Live; those that do not keep to bits stay."""
    able = runnable(dataset)
    taken = [reference for reference in references if reference in able]
    if taken and st.button(
        "Watch them live",
        icon=":material/videocam:",
        key="to_live",
        type="tertiary",
        help="Live runs these networks in the page, at frame rate: film, pad, picture or camera.",
    ):
        st.session_state.update({keys.DATA: dataset, keys.NETWORKS: taken})
        st.switch_page("pages/live.py")
