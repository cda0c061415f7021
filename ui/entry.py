"""The pages of the app, and the one way in."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import StreamlitPage

__all__ = ["enter", "require_entry"]

_ENTERED = "entered"


def _pages() -> StreamlitPage:
    # Before the navigation, which would else take a page's icon for the window, from a server.
    st.set_page_config(
        page_title="DeSign",
        page_icon="assets/icon.png",
        layout="wide",
        initial_sidebar_state=280,
        menu_items={
            "About": "DeSign shows what a designed threshold kernel does to binary activations. "
            "Method: Monroy et al., arXiv 2405.02220."
        },
    )
    st.logo("assets/wordmark.svg", size="large", icon_image="assets/wordmark.svg")
    return st.navigation(
        [
            st.Page("pages/start.py", title="Start", icon=":material/home:", default=True),
            st.Page("pages/explore.py", title="Explore", icon=":material/compare:"),
            st.Page("pages/design.py", title="Design", icon=":material/grid_on:"),
            st.Page("pages/predict.py", title="Predict", icon=":material/neurology:"),
            st.Page("pages/segment.py", title="Segment", icon=":material/texture:"),
            st.Page("pages/live.py", title="Live", icon=":material/videocam:"),
            st.Page("pages/train.py", title="Train", icon=":material/model_training:"),
            st.Page("pages/compare.py", title="Compare", icon=":material/leaderboard:"),
            st.Page("pages/speed.py", title="Speed", icon=":material/speed:"),
            st.Page("pages/batch.py", title="Batch", icon=":material/stacks:"),
            st.Page("pages/learn.py", title="Learn", icon=":material/school:"),
            st.Page("pages/present.py", title="Present", icon=":material/slideshow:"),
        ],
        position="top",
    )


def enter() -> StreamlitPage:
    """Tell Streamlit the pages and return the one that was asked for; in the entry script only."""
    st.session_state[_ENTERED] = True
    return _pages()


def require_entry() -> None:
    """Begin again from the entry script if this page was started without it; first on each page.

    A server that has not run the entry script yet takes every file in a folder named pages/ for a
    page of its own. Its first visitor would, coming by a link to a page, see that page bare.
    """
    if _ENTERED not in st.session_state:
        _pages()  # from now on Streamlit knows the pages from here
        st.rerun()
