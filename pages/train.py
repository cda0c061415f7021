"""Train: two networks that learn side by side, on digits or on pictures of one's own."""

from __future__ import annotations

import streamlit as st

from ui.entry import require_entry
from ui.pytorch import pytorch
from ui.share.address import arrive
from ui.share.panel import share
from ui.train.address import TRAIN

TITLE = "Watch two binary networks learn, side by side"

require_entry()
arrive(TRAIN)
heading, about = st.empty(), TITLE
if pytorch():
    from ui.train.view import show_train

    about = show_train()
else:
    heading.html(f'<h1 class="ds-finding">{TITLE}</h1>')
share(TRAIN, about=about)
