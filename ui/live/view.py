"""Live itself: the networks chosen, the instrument, and frames sent to other pages."""

from __future__ import annotations

import streamlit as st

from design_core.browser.page import live_page, size_words
from design_core.pictures import PictureError
from design_core.zoo.entry import Entry
from ui.compute import decoded
from ui.live import keys, live
from ui.live.address import STATE
from ui.live.choice import choose_networks, live_bundle, network_files, runnable
from ui.networks import entry
from ui.own_panel import own_panel
from ui.predict import keys as predict_keys
from ui.predict.choice import take_own
from ui.rail import keys as rail_keys
from ui.rail.fields import upload_code
from ui.text import plain
from ui.uploaded_networks import own_cards

__all__ = ["show_live"]

_KEY = "live"


def show_live(revision: int) -> None:
    """Draw the controls and the instrument; take a frame along where it was sent.

    The instrument begins anew with each `revision`: when a link, undo or a session arrives.
    """
    with st.sidebar:
        references = choose_networks()
        with st.expander("A network of your own", icon=":material/upload:"):
            own_panel(take_own(keys.CAME))
        for card in own_cards():
            if f"{card.name}@0" not in runnable(card.dataset):
                st.info(
                    f"{plain(card.name)} does not keep to bits, as this page does. Predict and "
                    "Compare show it.",
                    icon=":material/info:",
                )
    try:
        if not references:
            raise ValueError("Choose a network, at the left.")
        with st.spinner("Preparing the networks for this page …"):
            made = live_bundle(references, str(st.session_state[keys.DATA]), key=_KEY)
    except ValueError as error:
        st.info(plain(str(error)), icon=":material/arrow_back:")
        return
    answer = live(made, key=_KEY, start=st.session_state.get(STATE, ""), revision=revision)
    st.session_state[STATE] = answer.state
    with st.sidebar:
        _offer_file([entry(reference) for reference in references], answer.state)
        written = sum(map(len, network_files(references))) * 4 // 3  # as base64
        if words := size_words(written):
            st.caption(words)
    if answer.sent and answer.sent[0] in ("predict", "explore"):
        _send(*answer.sent, references)


def _offer_file(entries: list[Entry], state: str) -> None:
    """A button that saves Live, as it is on screen, as one HTML file."""
    st.download_button(
        "Take it along",
        lambda: live_page(entries, start=state),  # made on the click, without a session at hand
        file_name="live.html",
        mime="text/html",
        icon=":material/download:",
        key="live_file",
        on_click="ignore",
        help="Live as one HTML file: networks, samples and words. It opens from a memory stick or "
        "on a phone, without a server and without a network.",
    )


def _send(page: str, png: bytes, references: list[str]) -> None:
    """Take a frame to another page, as if it had been uploaded there; does not return."""
    try:
        picture = decoded(png, "live frame.png")
    except PictureError as error:
        st.error(plain(str(error)), icon=":material/broken_image:")
        return
    session = st.session_state
    session[rail_keys.UPLOADED] = picture
    session[rail_keys.PICTURE_WANTED] = ""
    if page == "predict":
        session[predict_keys.WAY] = "Upload"
        session[predict_keys.DATA] = session[keys.DATA]
        session[predict_keys.NETWORKS] = references
        session.pop(predict_keys.CHOSEN, None)
    else:
        session[rail_keys.PICTURE_WAY] = "Upload"
        session[rail_keys.PICTURE], session[rail_keys.PICTURE_CODE] = picture, upload_code(picture)
    st.switch_page(f"pages/{page}.py")
