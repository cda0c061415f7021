"""The 1-bit engine made ready while the first visitor still looks at a picture."""

from __future__ import annotations

from threading import Thread

import streamlit as st

__all__ = ["wait_until_warm", "warm_up"]


@st.cache_resource(show_spinner=False)
def warm_up() -> Thread:
    """Begin, in a thread of its own, once per server; the first pages need none of it."""
    # A daemon, so that a server can be stopped meanwhile.
    thread = Thread(target=_load, name="warm-up", daemon=True)
    thread.start()
    return thread


def wait_until_warm() -> None:
    """Begin, and let it finish: who asks a network next finds the engine compiled."""
    thread = warm_up()
    if thread.is_alive():
        with st.spinner("Preparing the 1-bit engine, once for this server …"):
            thread.join()


def _load() -> None:
    from design_core.pictures.samples import sample
    from design_core.zoo.card import load_cards
    from design_core.zoo.entry import open_entry

    for card in load_cards()[:1]:
        open_entry(card.name).predict(sample("digit-0"))
