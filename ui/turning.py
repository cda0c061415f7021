"""Page Up and Page Down, which clickers send, turn the steps of a story."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

__all__ = ["page_keys"]

_keys = st.components.v2.component(
    "design_page_keys",
    js="""
    const STEPS = { PageDown: 1, PageUp: -1 };

    export default function mount({ setTriggerValue }) {
      const onKey = (event) => {
        const plain = !event.ctrlKey && !event.altKey && !event.metaKey;
        if (!(event.key in STEPS) || !plain) return;
        event.preventDefault();
        event.stopPropagation();
        if (!event.repeat) setTriggerValue("turn", STEPS[event.key]);
      };
      window.addEventListener("keydown", onKey, true);
      return () => window.removeEventListener("keydown", onKey, true);
    }
    """,
)


def page_keys(*, on_turn: Callable[[int], None], key: str) -> None:
    """Call `on_turn` with 1 on Page Down and −1 on Page Up, before the next run.

    The keys then no longer scroll the page; arrows, Home and End still do.
    """

    def turned() -> None:
        state = st.session_state.get(key)
        by = state.get("turn") if isinstance(state, Mapping) else None
        if by in (1, -1):
            on_turn(by)

    _keys(key=key, on_turn_change=turned)
