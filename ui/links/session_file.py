"""Session files: the state of all pages as JSON, and nothing of a picture but its name and digest.

::

    {"format": "design-session", "version": 1, "page": "explore",
     "rail": {"picture": "coins"}, "pages": {"explore": {"view": "wipe"}},
     "pins": {"A": {"link": "explore?picture=coins", "about": "DeSign shows …"}},
     "deck": [{"link": "speed", "sentence": "Fast", "notes": "", "build": ""}]}
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ui.links.deck import Slide, read_slides
from ui.links.fields import MAX_PARAMETER

__all__ = ["MAX_BYTES", "SessionFile", "SessionFileError", "read_session", "write_session"]

#: No larger file is read.
MAX_BYTES = 1_000_000

_FORMAT, _VERSION = "design-session", 1
_ENTRIES = {"format", "version", "page", "rail", "pages", "pins", "deck"}
_MOST = 100  # pages, or parameters of a page


class SessionFileError(ValueError):
    """A file that is no session; the message says what came and what is expected."""


@dataclass(frozen=True)
class SessionFile:
    """What a session file holds.

    Attributes
    ----------
    page
        The page to open.
    rail, pages
        Parameters that pages share, and each page's own.
    pins
        Link and sentence of the pinned views, by name.
    deck
        The scenes of a talk, in order.
    """

    page: str
    rail: dict[str, str]
    pages: dict[str, dict[str, str]]
    pins: dict[str, dict[str, str]] = field(default_factory=dict)
    deck: list[Slide] = field(default_factory=list)


def write_session(session: SessionFile) -> bytes:
    """The file."""
    plain = {"format": _FORMAT, "version": _VERSION, **asdict(session)}
    if not session.deck:
        del plain["deck"]  # which versions without decks would refuse
    return json.dumps(plain, indent=2, ensure_ascii=False).encode()


def read_session(data: bytes, *, known: Collection[str]) -> SessionFile:
    """What a file of `write_session` holds.

    Parameters
    ----------
    known
        Names of the pages that there are.

    Raises
    ------
    SessionFileError
        Anything else. What its parameters mean is judged later, by the pages' fields.
    """
    if len(data) > MAX_BYTES:
        raise SessionFileError(
            f"The file has {len(data):,} bytes, and a session has {MAX_BYTES:,} at most."
        )
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SessionFileError(
            "The file is not JSON. Open a session file that this app has saved."
        ) from error
    if not isinstance(plain, dict) or plain.get("format") != _FORMAT:
        raise SessionFileError(
            f"The file is JSON, but no session: its format is not {_FORMAT!r}. Open a session file "
            "that this app has saved."
        )
    if plain.get("version") != _VERSION:
        told = json.dumps(plain["version"])[:20] if "version" in plain else "none"
        raise SessionFileError(
            f"A session has version {_VERSION}, as this app reads it; this one has {told}."
        )
    unknown = set(plain) - _ENTRIES
    if unknown:
        raise SessionFileError(f"A session has no entry {min(unknown)[:40]!r}.")
    if not isinstance(plain.get("page"), str):
        raise SessionFileError("A session names the page to open, 'page', as a text; this one not.")
    session = SessionFile(
        page=plain["page"],
        rail=_parameters(plain.get("rail"), "rail"),
        pages=_by_name(plain.get("pages"), "pages"),
        pins=_by_name(plain.get("pins", {}), "pins"),
        deck=_slides(plain.get("deck", [])),
    )
    if any(set(pin) != {"link", "about"} for pin in session.pins.values()):
        raise SessionFileError("A pin of a session has the entries 'link' and 'about'.")
    pinned = (pin["link"].partition("?")[0] for pin in session.pins.values())
    shown = (slide.page for slide in session.deck)
    strangers = {session.page, *session.pages, *pinned, *shown} - set(known)
    if strangers:
        raise SessionFileError(
            f"This app has no page {min(strangers)[:40]!r}, of which the session speaks."
        )
    return session


def _slides(given: Any) -> list[Slide]:
    try:
        return read_slides(given)
    except ValueError as error:
        raise SessionFileError(f"The session's deck cannot be read: {error}.") from error


def _by_name(given: Any, where: str) -> dict[str, dict[str, str]]:
    if not isinstance(given, Mapping) or len(given) > _MOST:
        raise SessionFileError(f"The entry {where!r} of a session is an object of objects.")
    return {name: _parameters(entry, where) for name, entry in given.items()}


def _parameters(given: Any, where: str) -> dict[str, str]:
    texts = isinstance(given, Mapping) and all(
        isinstance(text, str) and text.isprintable() and len(text) <= MAX_PARAMETER
        for text in (*given, *given.values())
    )
    if not texts or len(given) > _MOST:
        raise SessionFileError(
            f"The entry {where!r} of a session holds short texts by name; it holds something else."
        )
    return dict(given)
