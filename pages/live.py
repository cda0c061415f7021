"""Live: two networks in the page, at frame rate."""

from __future__ import annotations

import streamlit as st

from ui.entry import require_entry
from ui.live.address import LIVE
from ui.pytorch import pytorch
from ui.share.address import arrivals, arrive
from ui.share.panel import share

TITLE = "Two binary networks, live in this page"

require_entry()
arrive(LIVE)
st.html(f'<h1 class="ds-finding">{TITLE}</h1>')
if pytorch():  # which unpacks what the browser then folds anew
    from ui.live.view import show_live

    show_live(arrivals())
share(LIVE, about=TITLE)
