"""The address of a page: read on arrival, kept up to date afterwards.

The browser's address always is a link to what is on screen. It is replaced, not pushed: the Back
button leads to the page before, as it was left, and not through every position of a slider.
"""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from ui.share.fields import Address

__all__ = ["arrivals", "arrive", "here", "link", "open_link", "wait_on", "write_address"]

_PAGE = "address_page"
_WAITING = "address_waiting"  # by page: what to open there, and whether it is the whole state
_ARRIVALS = "address_arrivals"
_NOTICE = "address_notice"
_HERE = "address_here"

# Streamlit's own way, st.query_params, adds a step to the browser's history with each change.
_writer = st.components.v2.component(
    "design_address",
    js="""
    export default function mount({ data }) {
      const query = data.query ? `?${data.query}` : "";
      if (query === location.search) return;
      history.replaceState(history.state, "", location.pathname + query + location.hash);
    }
    """,
)


def arrive(address: Address) -> None:
    """Set the widgets as the link says; on each page first, before any widget.

    A link counts where a page is entered. While one stays on a page, its address follows the
    widgets, and never the other way round: an address may be older than the last click.
    """
    session = st.session_state
    turned = session.get(_PAGE) != address.page
    session[_PAGE] = address.page
    waiting = session.setdefault(_WAITING, {}).pop(address.page, None)
    linked = st.query_params.to_dict() if turned else {}
    session[_NOTICE] = ""
    if waiting is not None:
        _take_in(address, *waiting)
    elif linked:
        _take_in(address, linked, whole=True)
    if session[_NOTICE]:
        st.html(f'<p class="ds-note" role="status">{escape(session[_NOTICE])}</p>')


def arrivals() -> int:
    """How often a link was opened in this session; what keeps a state of its own begins anew."""
    count: int = st.session_state.get(_ARRIVALS, 0)
    return count


def write_address(address: Address) -> tuple[str, ...]:
    """Bring the browser's address up to date; on each page last.

    Returns
    -------
    tuple of str
        Why some of the state cannot be held by a link; mostly empty.
    """
    parameters, missing = address.parameters(st.session_state)
    st.session_state[_HERE] = (address.page, parameters)
    _writer(key=f"address-{address.page}", data={"query": urlencode(parameters)})
    return missing


def here() -> tuple[str, dict[str, str]]:
    """Page and parameters of the view as it was written last."""
    found: tuple[str, dict[str, str]] = st.session_state.get(_HERE, ("", {}))
    return found


def link(page: str, parameters: dict[str, str]) -> str:
    """Page and parameters as text, without the server: ``explore?picture=coins&view=wipe``."""
    return f"{page}?{urlencode(parameters)}" if parameters else page


def open_link(target: str) -> None:
    """Go to ``page?parameters``; does not return. Not in a callback, where no page can be turned.

    What the link leaves out is as the page opens.
    """
    page, _, query = target.partition("?")
    wait_on(page, dict(parse_qsl(query)), whole=True)
    if st.session_state.get(_PAGE) == page:
        st.rerun()
    st.switch_page(f"pages/{page}.py")


def wait_on(page: str, parameters: dict[str, str], *, whole: bool) -> None:
    """Open these parameters when the page is next run."""
    st.session_state.setdefault(_WAITING, {})[page] = (parameters, whole)


def _take_in(address: Address, parameters: dict[str, str], whole: bool) -> None:
    session: Any = st.session_state
    reading = address.reading(parameters, whole=whole)
    for key, value in reading.entries.items():
        session[key] = value
    session[_ARRIVALS] = arrivals() + 1
    if reading.ignored:
        told = "; ".join(reading.ignored[:5]) + ("; …" if len(reading.ignored) > 5 else "")
        session[_NOTICE] = f"Parts of the link were ignored: {told}."
