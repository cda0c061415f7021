"""Work that shows how far it is, and that any interaction ends with what there is so far."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st
from streamlit.runtime.scriptrunner import RerunException, StopException

from design_core.progress import Progress, StoppedError, time_left
from ui.text import plain

__all__ = ["watched"]

_TICK = 0.1  # seconds between two messages about progress


def watched(work: Callable[[Progress], None], title: str, *, key: str) -> None:
    """Do some work under a bar with a button to stop it.

    Parameters
    ----------
    work
        Keeps what it has done when its progress raises `StoppedError`.
    key
        Of the button.
    """
    slot = st.empty()
    room = slot.container(horizontal=True, vertical_alignment="center")
    bar = room.progress(0.0, plain(title))
    room.button("Stop", key=key, icon=":material/stop:")
    begun = last = time.monotonic()
    ended: RerunException | StopException | None = None

    def progress(fraction: float | None, message: str) -> None:
        nonlocal last, ended
        now = time.monotonic()
        if ended is None and now - last < _TICK:
            return
        last = now
        try:
            text = f"{message}{time_left(fraction, now - begun)}"
            bar.progress(min(1.0, max(0.0, fraction or 0.0)), plain(text))
        except (RerunException, StopException) as end:  # how Streamlit ends a run of the page
            ended = end
        if ended is not None:
            raise StoppedError

    work(progress)
    if ended is not None:
        raise ended
    slot.empty()
