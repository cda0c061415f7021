"""From a view to the stage."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

__all__ = ["present_link"]


def present_link(parameters: Mapping[str, str]) -> None:
    """A link that puts a view of Explore on the stage, the pinned views after it.

    Parameters
    ----------
    parameters
        Those of Explore's address.
    """
    st.page_link(
        "pages/present.py",
        label="Present this view",
        icon=":material/slideshow:",
        query_params={"view": urlencode(parameters)},
    )
