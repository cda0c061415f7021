"""Learn: what DeSign does, told in steps with live pictures."""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qsl

import streamlit as st

from ui.entry import require_entry
from ui.learn.address import LEARN
from ui.learn.story import CURRENT, STEPS, moved
from ui.share.address import arrive, write_address
from ui.turning import page_keys

NUMBERS = {key: number for number, key in enumerate(STEPS, 1)}


def turn(by: int) -> None:
    st.session_state[CURRENT] = moved(st.session_state[CURRENT], by)


def steps() -> str:
    """The list of steps; returns the one to show."""
    st.session_state.setdefault(CURRENT, next(iter(STEPS)))
    key: str = st.radio(
        "Steps",
        list(STEPS),
        format_func=lambda key: f"**{NUMBERS[key]}** {STEPS[key].title}",
        key=CURRENT,
        persist_state="session",
        label_visibility="collapsed",
    )
    first, last = NUMBERS[key] == 1, NUMBERS[key] == len(STEPS)
    with st.container(horizontal=True, gap="xsmall", key="learn_turn"):
        st.button("Back", on_click=turn, args=(-1,), key="back", disabled=first)
        st.button(
            "Next",
            type="secondary" if last else "primary",
            on_click=turn,
            args=(1,),
            key="next",
            disabled=last,
        )
    return key


require_entry()
arrive(LEARN)
page_keys(on_turn=turn, key="learn_keys")
left, right = st.columns([2, 9], gap="large")
with left:
    shown = STEPS[steps()]
with right:
    # Not st.empty, which would take the old words away before there are new ones.
    heading, words = st.container(), st.container()
    told = shown.show()
    heading.html(f'<h1 class="ds-finding">{escape(told.heading)}</h1>')
    with words:
        with st.container(key="learn_words"):
            st.markdown(told.words)
        page, _, query = told.link.partition("?")
        st.page_link(
            f"pages/{page}.py",
            label=f"Open in {page.capitalize()}",
            icon=":material/arrow_forward:",
            query_params=dict(parse_qsl(query)),
        )
write_address(LEARN)
