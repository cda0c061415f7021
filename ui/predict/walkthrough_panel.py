"""Walk through: two of the chosen networks, layer by layer."""

from __future__ import annotations

import streamlit as st

from ui.predict.subject import Subject
from ui.predict.walkthrough_view import walk_chart, walk_maps, walk_way
from ui.predict.walkthroughs import Side, walked
from ui.text import plain

__all__ = ["walk_panel"]


def walk_panel(subject: Subject) -> None:
    """Choose the pair where there are more than two, and show the walk."""
    names = subject.names
    if len(names) < 2:
        st.info(
            "Choose a second network to walk through both, or swap the kernel of this one.",
            icon=":material/add:",
        )
        return
    pair = (0, 1)
    if len(names) > 2:
        left, right = st.columns(2)
        first = left.selectbox("First network", names, index=0, key="walk_first")
        rest = [name for name in names if name != first]
        second = right.selectbox("Second network", rest, key="walk_second")
        pair = (names.index(first), names.index(second))
    sides = [Side(subject.references[k]) for k in pair]
    try:
        walk = walked(subject.picture, *sides)
    except ValueError as error:
        st.info(plain(str(error)), icon=":material/info:")
        return
    both = (names[pair[0]], names[pair[1]])
    walk_way(walk, both)
    walk_maps(walk, both, key="walk")
    with st.expander("How many bits differ, layer by layer"):
        walk_chart(walk, key="walk")
