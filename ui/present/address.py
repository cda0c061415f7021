"""The address of Present: the user's own view or deck, and the scene on stage."""

from __future__ import annotations

from typing import Any

from ui.links.deck import DECK, decode_deck, encode_deck
from ui.links.fields import Address, Field, State, text

__all__ = ["OWN_VIEW", "PRESENT", "SCENE"]

#: Where the session keeps the link of the user's own view, and the name of the scene on stage.
OWN_VIEW, SCENE = "stage_view", "stage_scene"


def _read_deck(state: State) -> str:
    return "" if state.get(OWN_VIEW) else encode_deck(state.get(DECK, []))


def _write_deck(code: str) -> dict[str, Any]:
    # A link without a deck leaves that of the session alone.
    return {DECK: decode_deck(code)} if code else {}


PRESENT = Address(
    "present",
    (),
    (
        text(OWN_VIEW, 6000, name="view"),
        Field(DECK, _read_deck, _write_deck),
        text(SCENE, 40, name="scene"),
    ),
)
