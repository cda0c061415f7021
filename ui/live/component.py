"""Live as a Streamlit component: networks go out once, then the server hears only of what was set.

As with the viewer two components work together, here under the key in the bundle: `_bundle` carries
the code and the bytes of `design_core.browser.bundle`, `_settings` what may change with a run.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from design_core import browser
from design_core.browser.bundle import SCRIPTS, bundle_hash, live_markup, live_style

__all__ = ["MAX_STATE", "LiveAnswer", "live"]

#: Characters of a state's text at most.
MAX_STATE = 4000
_MAX_SENT = 2**21  # characters of a picture that is sent on

_bundle = st.components.v2.component(
    "design_live",
    html=live_markup(),
    css=live_style(),
    js=browser.joined(*SCRIPTS, "live_mounted", "channel", "live_mount"),
)
_settings = st.components.v2.component(
    "design_live_settings", js=browser.joined("channel", "settings")
)


@dataclass(frozen=True)
class LiveAnswer:
    """What came from the browser.

    Parameters
    ----------
    state
        What is on screen, as live_state.js writes it.
    sent
        The page that a frame is to go to, and its PNG; None if there is none in this run.
    """

    state: str
    sent: tuple[str, bytes] | None = None


def live(
    bundle: bytes, *, key: str, start: str = "", presenter: bool = False, revision: int = 0
) -> LiveAnswer:
    """Show two networks of a bundle at frame rate.

    Parameters
    ----------
    bundle
        Made by `design_core.browser.bundle.bundle` with this key.
    key
        Unique on the page.
    start
        What to open with, see `LiveAnswer.state`.
    presenter
        Pictures and answers only, in large type.
    revision
        Raise it to open with `start` again.
    """
    with st.container(gap=None):
        _settings(
            key=f"{key}-settings",
            data={
                "key": key,
                "bundle": bundle_hash(bundle),
                "start": start,
                "presenter": presenter,
                "revision": revision,
            },
        )
        _bundle(key=key, data=bundle, on_state_change=_no_call, on_sent_change=_no_call)
    reported = st.session_state.get(key)
    reported = reported if isinstance(reported, Mapping) else {}
    return LiveAnswer(_state(reported, revision, start), _sent(reported))


def _no_call() -> None:
    """Streamlit lists only states that have a callback; these need none."""


def _state(reported: Mapping[str, Any], revision: int, start: str) -> str:
    """The reported text, if it answers this revision; a report comes from a browser."""
    state = reported.get("state")
    if not isinstance(state, Mapping) or state.get("revision") != revision:
        return start
    text = state.get("text")
    fits = isinstance(text, str) and len(text) <= MAX_STATE and text.isprintable()
    return str(text) if fits else start


def _sent(reported: Mapping[str, Any]) -> tuple[str, bytes] | None:
    sent = reported.get("sent")
    if not isinstance(sent, Mapping):
        return None
    to, png = sent.get("to"), sent.get("png")
    if not (isinstance(to, str) and isinstance(png, str) and len(png) <= _MAX_SENT):
        return None
    try:
        return to, base64.b64decode(png, validate=True)
    except binascii.Error:
        return None
