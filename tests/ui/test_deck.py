"""The deck: what a link and a session file hold of it, and what is refused."""

from __future__ import annotations

import base64
import json
import random
import zlib
from typing import Any

import pytest

from ui.links.deck import MOST_SLIDES, Slide, decode_deck, encode_deck, read_slides
from ui.links.session_file import SessionFile, SessionFileError, read_session, write_session

SLIDES = [
    Slide("explore?picture=coins", "Coins, “built up”", "First line\nsecond", "sweep"),
    Slide("predict"),
    Slide("compare", notes="ask"),
]
KNOWN = ("explore", "predict", "compare")


def packed(plain: Any) -> str:
    code = zlib.compress(json.dumps(plain).encode())
    return base64.urlsafe_b64encode(code).decode().rstrip("=")


def test_a_deck_comes_back_from_its_link_and_its_file() -> None:
    assert decode_deck(encode_deck(SLIDES)) == SLIDES
    assert encode_deck([]) == ""
    assert decode_deck("") == []
    session = SessionFile("explore", {}, {}, {}, SLIDES)
    assert read_session(write_session(session), known=KNOWN) == session
    without = write_session(SessionFile("explore", {}, {}))
    assert "deck" not in json.loads(without)


@pytest.mark.parametrize(
    "plain",
    [
        {},
        "explore",
        ["explore"],
        [{"sentence": "no link"}],
        [{"link": "explore", "more": "x"}],
        [{"link": 7}],
        [{"link": "x" * 6001}],
        [{"link": "explore", "sentence": "two\nlines"}],
        [{"link": "explore", "build": "explode"}],
        [{"link": "explore"}] * (MOST_SLIDES + 1),
    ],
)
def test_what_is_no_deck_is_refused_in_words(plain: Any) -> None:
    with pytest.raises(ValueError, match=r"^a (deck|scene)"):
        read_slides(plain)
    with pytest.raises(ValueError, match=r"^a (deck|scene)"):
        decode_deck(packed(plain))


@pytest.mark.parametrize("code", ["!", "AAAA", "x" * 5000, packed([1])[:-9], packed("[" * 300_000)])
def test_codes_of_nothing_are_refused_within_bounds(code: str) -> None:
    with pytest.raises(ValueError, match=r"no deck of this app|^a deck"):
        decode_deck(code)


def test_a_deck_too_long_for_a_link_says_so() -> None:
    draw = random.Random(0)
    long = [Slide("explore", notes=draw.randbytes(900).hex()) for _ in range(60)]
    with pytest.raises(ValueError, match="Save it in the session file"):
        encode_deck(long)


def test_a_file_with_a_deck_of_strangers_is_refused() -> None:
    session = write_session(SessionFile("explore", {}, {}, {}, [Slide("nowhere?x=1")]))
    with pytest.raises(SessionFileError, match="no page 'nowhere'"):
        read_session(session, known=KNOWN)
    plain = json.loads(write_session(SessionFile("explore", {}, {}, {}, SLIDES)))
    plain["deck"][0]["build"] = "none such"
    with pytest.raises(SessionFileError, match="builds up"):
        read_session(json.dumps(plain).encode(), known=KNOWN)
