"""What one server process for many users needs beyond Streamlit's settings: memory, above all."""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections.abc import Callable
from threading import Thread
from typing import Any

import streamlit as st
from streamlit import runtime

__all__ = ["PERIOD", "look_after_memory", "spare_modules", "tidy"]

#: Seconds between two looks at what is no longer needed.
PERIOD = 60.0

_M_ARENA_MAX = -8  # of malloc.h
_ARENAS = 2
_EXPIRY_SECONDS = 0.5  # for the event loop to come to it

_spared = 0  # modules at the last collection


def look_after_memory() -> None:
    """Begin, once per server, to tidy up every `PERIOD` seconds, whether anybody comes or not."""
    if runtime.exists():
        _begin()


@st.cache_resource(show_spinner=False)
def _begin() -> Thread:
    # Each thread that runs a page would else keep memory of its own.
    if mallopt := _of_libc("mallopt"):
        mallopt(_M_ARENA_MAX, _ARENAS)
    thread = Thread(target=_tidy_always, name="tidy", daemon=True)
    thread.start()
    return thread


def _tidy_always() -> None:
    while True:
        time.sleep(PERIOD)
        tidy()


def tidy() -> None:
    """Let go of sessions that have ended, and give the memory of everything unused back.

    Streamlit keeps a session for a while after its window has closed, with the pictures in it, and
    forgets it only when others come and go. Then it is garbage in cycles, which a collection must
    find; and what is found is kept by malloc, which has to be asked for it.
    """
    if runtime.exists():
        # Sessions belong to the thread of the event loop.
        instance: Any = runtime.get_instance()
        instance._get_async_objs().eventloop.call_soon_threadsafe(_forget_ended, instance)
        time.sleep(_EXPIRY_SECONDS)
    _collect()
    if trim := _of_libc("malloc_trim"):
        trim(0)


def _forget_ended(instance: Any) -> None:
    """Shut down the sessions whose time to come back is over."""
    try:
        waiting = instance._session_mgr._session_storage._cache
        before = dict(waiting._data)
        len(waiting)  # a query that removes what has expired
        for name in before.keys() - waiting._data.keys():
            session = before[name].session
            session.shutdown()
            session._session_state.clear()  # Streamlit's loop goes on holding the last session
    except AttributeError:  # parts of Streamlit that may change: it will forget in its own time
        return


def spare_modules() -> None:
    """Keep what lives long out of garbage collection.

    Streamlit collects after every run and goes through all objects for it: half a million with
    PyTorch and the rest, a third of a second in which no other user's run goes on. Nearly none of
    them ever becomes garbage. What does, such as the last page of a session that has ended, is
    found by `tidy`.
    """
    global _spared
    if len(sys.modules) > _spared:
        _spared = len(sys.modules)
        _collect()


def _collect() -> None:
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _of_libc(name: str) -> Callable[..., object] | None:
    """A function of the C library, None where that is not glibc."""
    try:
        found: Callable[..., object] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return None
    return found
