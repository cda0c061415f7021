"""Learn: an article whose figures move while one reads."""

from __future__ import annotations

import streamlit as st

from ui.entry import require_entry
from ui.learn.address import LEARN
from ui.learn.component import article
from ui.learn.contents import contents, graph_network
from ui.learn.reading import OPEN, keep, reader, subject, take_wish
from ui.rail import keys as rail_keys
from ui.rail.controls import choose_picture
from ui.share.address import arrivals, arrive, open_link
from ui.share.panel import share

TITLE = "One bit, and where to cut it"

require_entry()
arrive(LEARN)
with st.sidebar:
    picture = choose_picture()
st.html(f'<div class="ds-article-title"><h1 class="ds-finding">{TITLE}</h1></div>')
keep(
    article(
        contents(),
        subject(picture, st.session_state.get(rail_keys.PICTURE_CODE, "")),
        graph_network(),
        key="learn",
        start=reader(),
        revision=arrivals(),
        on_wish=take_wish,
    )
)
share(LEARN, about=TITLE, undo=False)
if wanted := st.session_state.pop(OPEN, None):
    open_link(wanted)
