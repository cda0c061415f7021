"""The address of a page: read on arrival, kept up to date afterwards.

The browser's address always is a link to what is on screen. It is replaced, not pushed: the Back
button leads to the page before, as it was left, and not through every position of a slider.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from ui.links.deck import DECK, deck, set_deck
from ui.links.fields import Address, Reading
from ui.links.history import History
from ui.links.pins import pins, take_pins
from ui.links.session_file import SessionFile
from ui.rail.fields import PARTED, RAIL_FIELDS

__all__ = [
    "arrivals",
    "arrive",
    "begin_anew",
    "full_link",
    "here",
    "history",
    "link",
    "open_link",
    "open_session",
    "reopen",
    "session_now",
    "write_address",
]

_RAIL = Address("", RAIL_FIELDS)

_PAGE = "address_page"
_WAITING = "address_waiting"  # by page: what to open there, and whether that leaves the rail alone
_WAITING_RAIL = "address_waiting_rail"
_ARRIVALS = "address_arrivals"
_HERE = "address_here"
_SHARED = "address_rail"  # parameters of the rail, as they were written last
_OWN = "address_own"  # by page: its own parameters, as they were written last
_HISTORIES = "address_histories"

# Streamlit's own way, st.query_params, adds a step to the browser's history with each change. Its
# own parameters stay: a page that is shown within another one stays so when it is reloaded.
_writer = st.components.v2.component(
    "design_address",
    js="""
    const STREAMLITS = ["embed", "embed_options"];

    export default function mount({ data }) {
      const kept = [...new URLSearchParams(location.search)].filter(([name]) =>
        STREAMLITS.includes(name));
      const query = [new URLSearchParams(kept).toString(), data.query].filter(Boolean).join("&");
      const search = query ? `?${query}` : "";
      if (search === location.search) return;
      history.replaceState(history.state, "", location.pathname + search + location.hash);
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
    if turned:
        _carry(address)
    ignored: list[str] = []
    if _WAITING_RAIL in session:
        ignored += _take_in(_RAIL.reading(session.pop(_WAITING_RAIL)))
    waiting = session.setdefault(_WAITING, {}).pop(address.page, None)
    if waiting is not None:
        parameters, own_only = waiting
        ignored += _take_in(address.reading(parameters, own_only=own_only))
    elif turned and (linked := st.query_params.to_dict()):
        ignored += _take_in(address.reading(linked))
    if ignored:
        told = "; ".join(ignored[:5]) + ("; …" if len(ignored) > 5 else "")
        st.html(f'<p class="ds-note" role="status">Ignored in the link: {escape(told)}.</p>')


def arrivals() -> int:
    """How often a link was opened in this session; what keeps a state of its own begins anew."""
    count: int = st.session_state.get(_ARRIVALS, 0)
    return count


def begin_anew() -> None:
    """Let what keeps a state of its own open again, with the session's state, as after a link."""
    st.session_state[_ARRIVALS] = arrivals() + 1


def write_address(address: Address) -> tuple[str, ...]:
    """Bring the browser's address up to date; on each page last.

    Returns
    -------
    tuple of str
        Why some of the state cannot be held by a link; mostly empty.
    """
    session = st.session_state
    parameters, missing = address.parameters(session)
    session[_HERE] = (address.page, parameters)
    names = {field.name for field in address.rail}
    others = {k: code for k, code in session.get(_SHARED, {}).items() if k not in names}
    session[_SHARED] = others | {k: code for k, code in parameters.items() if k in names}
    own = {k: code for k, code in parameters.items() if k not in names}
    session.setdefault(_OWN, {})[address.page] = own
    history(address.page).record(parameters)
    _writer(key=f"address-{address.page}", data={"query": urlencode(parameters)})
    return missing


def here() -> tuple[str, dict[str, str]]:
    """Page and parameters of the view as it was written last."""
    found: tuple[str, dict[str, str]] = st.session_state.get(_HERE, ("", {}))
    return found


def history(page: str) -> History:
    """The states of a page in this session."""
    found: History = st.session_state.setdefault(_HISTORIES, {}).setdefault(page, History())
    return found


def link(page: str, parameters: Mapping[str, str]) -> str:
    """Page and parameters as text, without the server: ``explore?picture=coins&view=wipe``."""
    return f"{page}?{urlencode(parameters)}" if parameters else page


def full_link() -> str:
    """The link to the present view, with the server as this user reaches it."""
    _, parameters = here()
    base = st.context.url or ""
    if base.count("/") == 2:  # http://host
        base += "/"
    return f"{base}?{urlencode(parameters)}" if parameters else base


def open_link(target: str) -> None:
    """Go to ``page?parameters``; does not return. Not in a callback, where no page can be turned.

    What the link leaves out is as the page opens.
    """
    page, _, query = target.partition("?")
    reopen(page, dict(parse_qsl(query)))
    _turn_to(page)


def reopen(page: str, parameters: Mapping[str, str]) -> None:
    """Open these parameters when the page is next run."""
    st.session_state.setdefault(_WAITING, {})[page] = (dict(parameters), False)


def session_now() -> SessionFile:
    """The state of all pages."""
    session = st.session_state
    waiting = {name: entry[0] for name, entry in session.get(_WAITING, {}).items() if entry[1]}
    pages = waiting | session.get(_OWN, {})
    # The file has the deck as it is now; the address has it as Present last showed it.
    pages = {
        name: {key: code for key, code in own.items() if key != DECK} for name, own in pages.items()
    }
    return SessionFile(
        page=here()[0],
        rail=dict(session.get(_SHARED, {})),
        pages=pages,
        pins={name: {"link": one.link, "about": one.about} for name, one in pins().items()},
        deck=deck(),
    )


def open_session(loaded: SessionFile) -> None:
    """Bring back the state of all pages and go to the file's page; does not return."""
    session: Any = st.session_state
    session[_WAITING_RAIL] = loaded.rail
    session[_WAITING] = {name: (own, True) for name, own in loaded.pages.items()}
    session[_OWN] = {}
    take_pins(loaded.pins)
    set_deck(loaded.deck)
    _turn_to(loaded.page)


def _carry(address: Address) -> None:
    """Bring the rail's settings along from the page before.

    A widget that is drawn on both pages counts as a new one on the second. On its first run there
    Streamlit (1.67) shows its default, or what it had on the last visit, though its value is kept;
    a value that is assigned is shown.
    """
    session: Any = st.session_state
    keys = {key for key in session if str(key).startswith(PARTED)}
    for field in address.rail:
        try:
            keys.update(field.write(field.read(session)))
        except ValueError:
            keys.update(field.write(""))
    for key in keys:
        if key in session:
            session[key] = session[key]


def _turn_to(page: str) -> None:
    if st.session_state.get(_PAGE) == page:
        st.rerun()
    st.switch_page(f"pages/{page}.py")


def _take_in(reading: Reading) -> tuple[str, ...]:
    session: Any = st.session_state
    for key, value in reading.entries.items():
        session[key] = value
    begin_anew()
    return reading.ignored
