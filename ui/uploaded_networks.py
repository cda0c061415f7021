"""Networks that the user brought along: they live in the session and nowhere else."""

from __future__ import annotations

import streamlit as st

from design_core.zoo.card import Card
from design_core.zoo.entry import Entry
from design_core.zoo.network_file import MAX_WEIGHTS

__all__ = ["keep_own", "own_cards", "own_entries", "own_entry", "remove_own"]

_KEY = "own_networks"
_MOST = 4


def own_entries() -> list[Entry]:
    """Those of this session, in the order in which they came."""
    return list(_kept().values())


def own_cards() -> list[Card]:
    """The cards of `own_entries`."""
    return [entry.card for entry in own_entries()]


def own_entry(reference: str) -> Entry:
    """The network ``own:FILE~HASH``, or with ``@0``; ValueError if this session has it not."""
    name = reference.partition("@")[0]
    try:
        return _kept()[name]
    except KeyError:
        raise ValueError(
            f"This session has no {name}. Files that you add stay in one session; add it again, "
            "on Compare, Predict or Live."
        ) from None


def keep_own(entry: Entry) -> None:
    """Add a network, or put it in the place of the same one before it was measured.

    Raises
    ------
    ValueError
        The session holds as many as it may.
    """
    kept = _kept()
    others = [one.card for name, one in kept.items() if name != entry.card.name]
    if len(others) >= _MOST:
        raise ValueError(f"A session holds {_MOST} networks of yours. Remove one first.")
    if sum(map(_weights, [*others, entry.card])) > MAX_WEIGHTS:
        raise ValueError(
            f"The networks of a session have {MAX_WEIGHTS:,} weights together, at most; with this "
            "one, yours have more. Remove one first."
        )
    kept[entry.card.name] = entry


def _weights(card: Card) -> int:
    return sum(card.parameters.values())


def remove_own(name: str) -> None:
    """Forget a network."""
    _kept().pop(name, None)


def _kept() -> dict[str, Entry]:
    kept: dict[str, Entry] = st.session_state.setdefault(_KEY, {})
    return kept
