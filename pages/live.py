"""Live: two networks in the page, at frame rate."""

from __future__ import annotations

import streamlit as st

from ui.entry import require_entry
from ui.live import keys
from ui.live.address import LIVE, STATE
from ui.live.choice import first_live
from ui.live.still import still_html
from ui.predict.choice import data_sets
from ui.pytorch import has_pytorch, pytorch
from ui.share.address import arrivals, arrive
from ui.share.panel import share

TITLE = "Two binary networks, live in this page"
RAN = "live_ran"  # whether networks have come into this session's page


def still() -> str:
    """The first frame, which needs neither PyTorch nor engine; nothing where they have come."""
    session = st.session_state
    if session.get(RAN) or not has_pytorch():
        return ""
    dataset = str(session.get(keys.DATA) or data_sets()[0])
    references = session.get(keys.NETWORKS) or first_live(dataset)
    try:
        return still_html(references, dataset, session.get(STATE, ""))
    except ValueError:  # which the page itself will say
        return ""


require_entry()
arrive(LIVE)
st.html(f'<h1 class="ds-finding">{TITLE}</h1>')
waiting = st.empty()
if shown := still():
    waiting.html(shown)
if pytorch():  # which unpacks what the browser then folds anew
    from ui.live.view import show_live

    show_live(arrivals())
    st.session_state[RAN] = True
waiting.empty()
share(LIVE, about=TITLE)
