"""The deck: scenes for a talk, from any page, in an order of one's own."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from ui.links.fields import MAX_PARAMETER

__all__ = [
    "BUILDS",
    "DECK",
    "MOST_SLIDES",
    "Slide",
    "add_slide",
    "deck",
    "decode_deck",
    "encode_deck",
    "read_slides",
    "set_deck",
]

#: How a scene may build up before an audience, by key; for people.
BUILDS = {
    "": "Shown at once",
    "reveal": "Sign, then DeSign",
    "sweep": "Strength from 0 up",
}

#: More scenes are no talk.
MOST_SLIDES = 60

#: Where the session keeps it, and its parameter in a link.
DECK = "deck"
_LONGEST = {"link": 6000, "sentence": 400, "notes": 2000, "build": 20}
_MOST_BYTES = 200_000  # of all slides as JSON


@dataclass(frozen=True)
class Slide:
    """A scene of the deck.

    Parameters
    ----------
    link
        ``page?parameters``.
    sentence
        What the presenter wants said; "" for the page's own.
    notes
        For the presenter alone.
    build
        A key of `BUILDS`.
    """

    link: str
    sentence: str = ""
    notes: str = ""
    build: str = ""

    @property
    def page(self) -> str:
        """The page it is from."""
        return self.link.partition("?")[0]


def deck() -> list[Slide]:
    """The slides of this session, in order."""
    return list(st.session_state.get(DECK, []))


def set_deck(slides: Iterable[Slide]) -> None:
    """Take these in place of those before, `MOST_SLIDES` at most."""
    st.session_state[DECK] = list(slides)[:MOST_SLIDES]


def add_slide(link: str, sentence: str = "") -> str:
    """Put a scene at the end; returns what to say about it."""
    slides = deck()
    if len(slides) >= MOST_SLIDES:
        return f"The deck holds {MOST_SLIDES} scenes and is full. Take one out on Present."
    set_deck([*slides, Slide(link, sentence[: _LONGEST["sentence"]])])
    return f"Scene {len(slides) + 1} of the deck. Present shows it."


def read_slides(given: Any) -> list[Slide]:
    """Slides from plain data of whatever origin.

    Raises
    ------
    ValueError
        Anything else than a list of objects with short texts; the message says what is expected.
    """
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) > MOST_SLIDES:
        raise ValueError(f"a deck is a list of at most {MOST_SLIDES} scenes")
    return [_slide(one) for one in given]


def _slide(given: Any) -> Slide:
    if not isinstance(given, Mapping) or not {"link"} <= set(given) <= set(_LONGEST):
        raise ValueError("a scene of a deck has a link, and may have sentence, notes and build")
    for name, text in given.items():
        plain = str(text).replace("\n", " ") if name == "notes" else text
        if not isinstance(text, str) or len(text) > _LONGEST[name] or not plain.isprintable():
            raise ValueError(f"a scene's {name} is a text of at most {_LONGEST[name]} characters")
    slide = Slide(**given)
    if slide.build not in BUILDS:
        raise ValueError(f"a scene builds up by one of {', '.join(filter(None, BUILDS))}")
    return slide


def encode_deck(slides: Sequence[Slide]) -> str:
    """The deck as a parameter of a link.

    Raises
    ------
    ValueError
        It is too long for one.

    Examples
    --------
    >>> slides = [Slide("explore?picture=coins", "Coins"), Slide("speed")]
    >>> decode_deck(encode_deck(slides)) == slides
    True
    """
    if not slides:
        return ""
    rows = [{name: text for name, text in asdict(slide).items() if text} for slide in slides]
    packed = zlib.compress(json.dumps(rows, separators=(",", ":")).encode(), 9)
    code = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    if len(code) > MAX_PARAMETER:
        raise ValueError("The deck is too long for a link. Save it in the session file.")
    return code


def decode_deck(code: str) -> list[Slide]:
    """The inverse of `encode_deck`; ValueError for a code of nothing."""
    if not code:
        return []
    try:
        packed = base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(packed, _MOST_BYTES)
        if not unpacker.eof:
            raise ValueError
        return read_slides(json.loads(plain))
    except (binascii.Error, zlib.error, ValueError, RecursionError) as error:
        told = str(error) if str(error).startswith("a ") else "it is no deck of this app"
        raise ValueError(told) from error
