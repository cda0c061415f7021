"""Live itself: the networks chosen, the instrument, and frames sent to other pages."""

from __future__ import annotations

import streamlit as st

from design_core.browser.bundle import bundle
from design_core.pictures import PictureError
from ui.compute import decoded
from ui.live import live
from ui.live.address import STATE
from ui.live.choice import choose_networks, film_of, network_files
from ui.networks import entry
from ui.rail.fields import upload_code
from ui.text import plain

__all__ = ["show_live"]

_KEY = "live"


def show_live(revision: int) -> None:
    """Draw the controls and the instrument; take a frame along where it was sent.

    The instrument begins anew with each `revision`: when a link, undo or a session arrives.
    """
    with st.sidebar:
        references = choose_networks()
    try:
        if not references:
            raise ValueError("Choose a network, at the left.")
        files = network_files(references)
    except ValueError as error:
        st.info(plain(str(error)), icon=":material/arrow_back:")
        return
    film = film_of(str(st.session_state["live_data"]), entry(references[0]).pictures)
    made = bundle(files, film, key=_KEY)
    answer = live(made, key=_KEY, start=st.session_state.get(STATE, ""), revision=revision)
    st.session_state[STATE] = answer.state
    if answer.sent and answer.sent[0] in ("predict", "explore"):
        _send(*answer.sent, references)


def _send(page: str, png: bytes, references: list[str]) -> None:
    """Take a frame to another page, as if it had been uploaded there; does not return."""
    try:
        picture = decoded(png, "live frame.png")
    except PictureError as error:
        st.error(plain(str(error)), icon=":material/broken_image:")
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
