"""PyTorch, where it is installed: loaded when a page needs it, and not before."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from threading import Lock
from time import sleep

import streamlit as st

from design_core.extras import missing_extra

__all__ = ["has_pytorch", "pytorch"]

_TOLD = 0.3  # seconds for the note to reach the browser: the import lets no other thread speak
_loading = Lock()  # two threads that import it at once may trip


def has_pytorch() -> bool:
    """Whether it is installed."""
    return find_spec("torch") is not None


def pytorch() -> bool:
    """Load it, with a note for those who wait, or say what is missing; whether it is there.

    `ui.networks.FORWARD` lets as many passes run at a time as there are processors, so each gets
    one thread.
    """
    if "torch" in sys.modules and not _loading.locked():
        return True
    if not has_pytorch():
        st.info(missing_extra(ModuleNotFoundError(name="torch")), icon=":material/download:")
        return False
    with st.spinner("Loading PyTorch, once for this server …"), _loading:
        sleep(_TOLD)
        import torch

        torch.set_num_threads(1)
    return True
