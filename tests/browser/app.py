"""A small Streamlit app around the viewer, driven by query parameters; the browser tests use it."""

from __future__ import annotations

import json

import streamlit as st
from viewer_maps import example_maps

from design_core.kernels.published import PUBLISHED
from ui.viewer import viewer

query = st.query_params
count, height, width = (int(n) for n in query.get("shape", "1x37x53").split("x"))
st.set_page_config(layout="wide")
if st.button("Another kernel"):
    st.session_state.kernel = "3x3-symmetric-v1"
if st.button("Other maps"):
    st.session_state.shape = (2, 20, 31)
kernel = PUBLISHED[st.session_state.get("kernel", query.get("kernel", "2x2-v2"))]
count, height, width = st.session_state.get("shape", (count, height, width))

if st.button("Move"):
    st.session_state.moved = True
place = st.tabs(["One", "Two"])[0] if "moved" in st.session_state else st.container()
with place:
    state = viewer(
        example_maps(count, height, width),
        kernel,
        names=[f"map {k}" for k in range(count)],
        picture_alt="smooth noise",
        view=query.get("view", "side-by-side"),
        height=int(query.get("height", "420")),
        presenter="presenter" in query,
        key="viewer",
    )
report = {
    "levels": state.kernel.levels.tolist(),
    "strength": state.strength,
    "offset": state.offset,
    "view": state.view,
    "selected": state.selected,
    "zoom": state.zoom,
    "divider": state.divider,
    "pinned": state.pinned,
}
st.code(json.dumps(report), language=None)
