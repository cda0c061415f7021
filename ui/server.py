"""What one server process for many users needs beyond Streamlit's settings."""

from __future__ import annotations

import gc
import sys
import time

import streamlit as st
from starlette.formparsers import MultiPartParser

__all__ = ["PERIOD", "keep_uploads_in_memory", "spare_modules"]

#: Seconds between two collections of everything.
PERIOD = 60.0

_spared, _looked = 0, 0.0  # modules at the last one, and when it was


def keep_uploads_in_memory() -> None:
    """Have uploads of every allowed size received in memory.

    Starlette would write those of more than a megabyte to a file in the temporary folder first.
    """
    allowed = int(st.get_option("server.maxUploadSize")) * 2**20
    MultiPartParser.spool_max_size = allowed + 2**20  # what surrounds a file in its request


def spare_modules() -> None:
    """Keep what lives long out of garbage collection; look through it once in a while only.

    Streamlit collects after every run and goes through all objects for it: half a million with
    PyTorch and the rest, a third of a second in which no other user's run goes on. Nearly none of
    them ever becomes garbage. What does, such as the last page of a session that has ended, is
    found after `PERIOD` seconds, or when further modules have come.
    """
    global _spared, _looked
    if len(sys.modules) > _spared or time.monotonic() > _looked + PERIOD:
        _spared, _looked = len(sys.modules), time.monotonic()
        gc.unfreeze()
        gc.collect()
        gc.freeze()
