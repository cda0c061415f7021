"""Live: two networks in the page, at frame rate."""

from __future__ import annotations

import streamlit as st

from design_core.browser.bundle import bundle
from design_core.pictures import PictureError
from ui.compute import decoded
from ui.entry import require_entry
from ui.live import live
from ui.live.address import LIVE, STATE
from ui.live.choice import choose_networks, film_of, network_files
from ui.networks import entry
from ui.rail.fields import upload_code
from ui.share.address import arrivals, arrive
from ui.share.panel import share

KEY = "live"
TITLE = "Two binary networks, live in this page"


def send(page: str, png: bytes, references: list[str]) -> None:
    """Take a frame to another page, as if it had been uploaded there; does not return."""
    try:
        picture = decoded(png, "live frame.png")
    except PictureError as error:
        st.error(str(error), icon=":material/broken_image:")
        return
    session = st.session_state
    session["uploaded"] = picture
    session["picture_wanted"] = ""
    if page == "predict":
        session["predict_way"] = "Upload"
        session["predict_data"] = session["live_data"]
        session["predict_networks"] = references
        session.pop("predict_chosen", None)
    else:
        session["picture_way"] = "Upload"
        session["picture"], session["picture_code"] = picture, upload_code(picture)
    st.switch_page(f"pages/{page}.py")


require_entry()
arrive(LIVE)
with st.sidebar:
    references = choose_networks()
st.html(f'<h1 class="ds-finding">{TITLE}</h1>')
try:
    if not references:
        raise ValueError("Choose a network, at the left.")
    files = network_files(references)
except ValueError as error:
    st.info(str(error), icon=":material/arrow_back:")
else:
    form = entry(references[0]).checkpoint.pictures
    made = bundle(files, film_of(str(st.session_state["live_data"]), form), key=KEY)
    answer = live(made, key=KEY, start=st.session_state.get(STATE, ""), revision=arrivals())
    st.session_state[STATE] = answer.state
    if answer.sent and answer.sent[0] in ("predict", "explore"):
        send(*answer.sent, references)
share(LIVE, about=TITLE)
