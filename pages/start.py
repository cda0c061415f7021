"""Start: what this is, in one line, one picture and three doors."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from design_core.pictures import MAX_BYTES, PictureError
from ui.compute import decoded
from ui.entry import require_entry
from ui.rail.controls import show_own_picture
from ui.share.address import arrive, open_link
from ui.start.address import START
from ui.start.triptych import triptych
from ui.text import plain

TITLE = "A picture in one bit per pixel, cut two ways"
ABOUT = (
    "Binary neural networks keep one bit of every value. <b>Sign</b> cuts all values at one "
    "threshold; <b>DeSign</b> lets a small pattern of thresholds decide. Here you see what each "
    "keeps, and measure whether a network gains by it."
)


def see_it() -> None:
    """Own picture or camera: one click."""
    st.html(
        "<h2>See it</h2><p>Cut a picture of yours. It stays in this session and is never "
        "stored.</p>"
    )
    upload = st.file_uploader(
        "Your picture", key="start_upload", max_upload_size=MAX_BYTES // 2**20
    )
    if upload is not None:
        try:
            picture = decoded(upload.getvalue(), upload.name)
            show_own_picture(picture, source="picture")
        except PictureError as error:
            st.error(plain(str(error)), icon=":material/broken_image:")
        else:
            st.switch_page("pages/explore.py")
    st.page_link(
        "pages/live.py",
        label="Use the camera",
        icon=":material/photo_camera:",
        query_params={"view": "source-camera"},
    )
    st.page_link("pages/explore.py", label="Look at samples", icon=":material/compare:")


def understand_it() -> None:
    """The article."""
    st.html(
        "<h2>Understand it</h2><p>Why one bit at all, what one threshold loses, and when a "
        "pattern of thresholds pays. With figures that you move.</p>"
    )
    st.page_link("pages/learn.py", label="Read Learn", icon=":material/school:")


def research_it() -> None:
    """The bench."""
    st.html(
        "<h2>Research it</h2><p>Design thresholds and search all of them; compare trained "
        "networks, seed by seed; score your own.</p>"
    )
    st.page_link("pages/design.py", label="Design a kernel", icon=":material/grid_on:")
    st.page_link("pages/compare.py", label="Compare networks", icon=":material/leaderboard:")
    st.page_link("pages/predict.py", label="Ask two networks", icon=":material/neurology:")


require_entry()
linked = st.query_params.to_dict()
if linked:  # the root was Explore's address, and links to it go on opening
    open_link(f"explore?{urlencode(linked)}")
arrive(START)
st.html(f'<h1 class="ds-finding">{TITLE}</h1><p class="ds-lead">{ABOUT}</p>{triptych()}')
with st.container(key="doors"):
    for door, column in zip(
        (see_it, understand_it, research_it), st.columns(3, gap="medium"), strict=True
    ):
        with column, st.container(border=True, height="stretch"):
            door()
