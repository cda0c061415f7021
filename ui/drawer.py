"""The rail as a drawer on phones: it makes room for the picture once something was chosen."""

from __future__ import annotations

import streamlit as st

__all__ = ["close_on_choice"]

_NARROW = 768  # CSS pixels, up to which Streamlit lays the sidebar over the page

_closer = st.components.v2.component(
    "design_drawer",
    js=f"""
    // Options of a list stand outside the sidebar, over the page. Where several may be chosen, the
    // drawer stays, as it does for switches, which bring further controls.
    const known = Symbol.for("design.drawer");
    const chosen = (event) => {{
      const option = event.target.closest?.('[role="option"]');
      const several = option?.closest('[aria-multiselectable="true"]');
      const rail = document.querySelector('[data-testid="stSidebar"]');
      const asked = rail?.querySelector('[role="combobox"][aria-expanded="true"]');
      if (!option || several || !asked || innerWidth > {_NARROW}) return;
      setTimeout(() => rail.querySelector('button[aria-controls="stSidebar"]')?.click());
    }};
    export default function mount() {{
      if (globalThis[known]) return;
      globalThis[known] = true;
      document.addEventListener("click", chosen, {{ capture: true }});
    }}
    """,
)


def close_on_choice() -> None:
    """Once per run, in the entry script."""
    _closer(key="drawer")
