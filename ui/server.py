"""What one server process for many users needs beyond Streamlit's settings."""

from __future__ import annotations

import gc
import sys

import streamlit as st
from starlette.formparsers import MultiPartParser

__all__ = ["keep_uploads_in_memory", "spare_modules"]

_spared = 0  # modules that the collector passes over


def keep_uploads_in_memory() -> None:
    """Have uploads of every allowed size received in memory.

    Starlette would write those of more than a megabyte to a file in the temporary folder first.
    """
    allowed = int(st.get_option("server.maxUploadSize")) * 2**20
    MultiPartParser.spool_max_size = allowed + 2**20  # what surrounds a file in its request


def spare_modules() -> None:
    """Take what modules hold out of garbage collection whenever new ones have come.

    Streamlit collects after every run and goes through all objects for it: half a million with
    PyTorch and the rest, a third of a second in which no other user's run goes on. None of them
    ever becomes garbage. What else lives at that moment is still freed when its last user lets go
    of it, cycles apart.
    """
    global _spared
    if len(sys.modules) > _spared:
        _spared = len(sys.modules)
        gc.collect()
        gc.freeze()
