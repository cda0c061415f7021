"""DeSign: the app. Start it with ``streamlit run app.py``."""

from __future__ import annotations

import streamlit as st

from ui import theme

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
theme.apply()

page = st.navigation(
    [
        st.Page("pages/explore.py", title="Explore", icon=":material/compare:", default=True),
        st.Page("pages/design.py", title="Design", icon=":material/grid_on:"),
    ],
    position="top",
)
page.run()
