"""Two views kept at hand: A and B, to flip between them and to see side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

__all__ = ["NAMES", "Pin", "Preview", "pin", "pins", "take_pins"]

#: What the two are called.
NAMES = ("A", "B")

_PINS = "pins"


@dataclass(frozen=True)
class Preview:
    """A picture of a view: PNG at one pixel per pixel, and (height, width)."""

    png: bytes
    shape: tuple[int, int]


@dataclass(frozen=True)
class Pin:
    """A pinned view: its link, what it says, and how it looks where that is at hand."""

    link: str
    about: str
    preview: Preview | None = None


def pins() -> dict[str, Pin]:
    """The pinned views by name."""
    found: dict[str, Pin] = st.session_state.setdefault(_PINS, {})
    return found


def pin(name: str, view: Pin) -> None:
    """Keep a view under one of `NAMES`, in place of the one before."""
    pins()[name] = view


def take_pins(given: Mapping[str, Mapping[str, str]]) -> None:
    """Keep the views of a session file, and no others."""
    st.session_state[_PINS] = {
        name: Pin(given[name]["link"], given[name]["about"]) for name in NAMES if name in given
    }
