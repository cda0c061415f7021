"""The look that Streamlit's theme settings cannot express, and charts that follow the theme."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

__all__ = ["apply", "follow"]

_CSS = Path(__file__).with_name("theme.css")

_follower = st.components.v2.component(
    "design_theme",
    js="""
    // Streamlit repaints the page when the theme turns, by its menu or with the system, but runs no
    // script: charts, whose colours come from the server, would stay in those of the other theme.
    const known = Symbol.for("design.theme");
    const seen = (app) => getComputedStyle(app).colorScheme.includes("dark") ? "dark" : "light";
    export default function mount({ data, setTriggerValue }) {
      const app = document.querySelector('[data-testid="stApp"]');
      if (!app) return;
      const asked = globalThis[known] ??= { watcher: null, theme: null };
      const look = () => {
        if (seen(app) === data.theme) asked.theme = null;
        else if (asked.theme !== seen(app)) setTriggerValue("turned", asked.theme = seen(app));
      };
      asked.watcher?.disconnect();
      asked.watcher = new MutationObserver(look);
      asked.watcher.observe(app, { attributes: true, attributeFilter: ["class", "style"] });
      look();
    }
    """,
)


def apply() -> None:
    """Put the style sheet on the page; once per run, in the entry script."""
    st.html(_CSS)


def follow() -> None:
    """Run again once the theme has turned; once per run, in the entry script."""
    _follower(
        key="theme",
        data={"theme": st.context.theme.type or "light"},
        on_turned_change=lambda: None,
    )
