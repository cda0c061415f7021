"""A small Streamlit app around the viewer, driven by query parameters; the browser tests use it."""

from __future__ import annotations

import json

import numpy as np
import streamlit as st

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.published import PUBLISHED
from ui.viewer import viewer


def maps(count: int, height: int, width: int) -> np.ndarray:
    """Smooth noise with exact ties: some values are thresholds of the published scale."""
    rng = np.random.default_rng(7)
    noise = rng.standard_normal((count, height + 4, width + 4))
    smooth = sum(
        noise[:, a : a + height, b : b + width] for a in range(5) for b in range(5)
    ) / 5 + 0.4 * rng.standard_normal((count, height, width))
    x = smooth.astype(np.float32)
    ties = PUBLISHED["2x2-v2"].thresholds.astype(np.float32).ravel()
    x[:, ::3, ::5] = ties[0]
    x[:, 1::4, ::7] = 0
    return x


query = st.query_params
count, height, width = (int(n) for n in query.get("shape", "1x37x53").split("x"))
kernel = PUBLISHED[query.get("kernel", "2x2-v2")]
st.set_page_config(layout="wide")
if st.button("Another kernel"):
    st.session_state.kernel = "3x3-symmetric-v1"
if "kernel" in st.session_state:
    kernel: ThresholdKernel = PUBLISHED[st.session_state.kernel]

state = viewer(
    maps(count, height, width),
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
