"""The Share row of the rail."""

from __future__ import annotations

import streamlit as st

from ui.share.address import write_address
from ui.share.fields import Address

__all__ = ["share"]


def share(address: Address) -> None:
    """Bring the address up to date and draw the row; on each page last."""
    with st.sidebar:
        write_address(address)
