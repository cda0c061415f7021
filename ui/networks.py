"""The zoo for pages: cards, networks and their predictions, each computed once.

A network belongs to everybody and is shared by all sessions; so are predictions for embedded
samples. What is made of any other picture stays in the session that brought it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from threading import Semaphore
from typing import Any

import streamlit as st

from design_core.pictures import Picture
from design_core.zoo.card import OWN, Card, damaged_cards, load_cards, zoo_stamp
from design_core.zoo.entry import Entry, Prediction, open_entry
from ui.compute import is_sample
from ui.pytorch import pytorch
from ui.text import plain
from ui.uploaded_networks import own_cards, own_entry

__all__ = [
    "FORWARD",
    "card_of",
    "cards",
    "entry",
    "predictions",
    "stamp",
    "tell_damaged",
    "zoo_cards",
]

#: Held during a forward pass: no more of them at a time than there are processors.
FORWARD = Semaphore(os.cpu_count() or 1)

_LOOK_AGAIN = 1.0  # seconds after which the zoo is looked at again, whether a card has changed

_HASHES: dict[str | type[Any], Callable[[Any], Any]] = {Picture: lambda picture: picture.sha256}


def cards() -> list[Card]:
    """All cards of the zoo by name, then those of the networks that this session brought along."""
    return [*zoo_cards(), *own_cards()]


def zoo_cards() -> list[Card]:
    """All cards of the zoo, by name."""
    return list(_cards(stamp()).values())


@st.cache_data(ttl=_LOOK_AGAIN, show_spinner=False)
def stamp() -> str:
    """Of the zoo as it is: short, for pages ask hundreds of times, and each time it is hashed."""
    return hashlib.sha256(repr(zoo_stamp()).encode()).hexdigest()


@st.cache_resource(max_entries=1, show_spinner=False)
def _cards(key: str) -> dict[str, Card]:
    """By name. Read anew when a card has changed; its network may have too, and is forgotten."""
    del key
    for kept in (_zoo_entry, _of_sample):
        kept.clear()
    return {card.name: card for card in load_cards()}


@st.cache_resource(max_entries=1, show_spinner=False)
def _damaged(key: str) -> list[str]:
    del key
    return damaged_cards()


def tell_damaged() -> None:
    """A note on each network of the zoo that cannot be read; the others go on without it."""
    for reason in _damaged(stamp()):
        st.warning(plain(f"One network is left out: {reason}"), icon=":material/broken_image:")


def card_of(reference: str) -> tuple[Card, int]:
    """Card and seed of ``NAME@SEED``, or of ``NAME`` with its first seed, without opening it.

    Raises
    ------
    ValueError
        No such card or seed.
    """
    name, at, seed = reference.partition("@")
    card = _cards(stamp()).get(name) or {one.name: one for one in own_cards()}.get(name)
    if card is None:
        raise ValueError(f"The zoo has no {name!r}. Choose one of its networks.")
    return card, card.result(int(seed) if at and seed.isdecimal() else None).seed


def entry(reference: str) -> Entry:
    """The network ``NAME@SEED`` or ``own:NAME``; ValueError, with a sentence, if there is none."""
    return own_entry(reference) if reference.startswith(OWN) else _zoo_entry(reference)


@st.cache_resource(max_entries=64, show_spinner=False)
def _zoo_entry(reference: str) -> Entry:
    return open_entry(reference)


def predictions(picture: Picture, references: Sequence[str]) -> dict[str, Prediction]:
    """What each network says of the picture, by reference; ValueError as `entry`."""
    return {reference: _prediction(picture, reference) for reference in references}


def _prediction(picture: Picture, reference: str) -> Prediction:
    if reference.startswith(OWN):
        return _of_own(picture, reference, own_entry(reference).card.results[0].sha256)
    return (_of_sample if is_sample(picture) else _of_picture)(picture, reference)


@st.cache_resource(max_entries=2048, show_spinner=False, hash_funcs=_HASHES)
def _of_sample(picture: Picture, reference: str) -> Prediction:
    return _predicted(picture, reference)


@st.cache_resource(scope="session", max_entries=64, show_spinner=False, hash_funcs=_HASHES)
def _of_picture(picture: Picture, reference: str) -> Prediction:
    return _predicted(picture, reference)


@st.cache_resource(scope="session", max_entries=64, show_spinner=False, hash_funcs=_HASHES)
def _of_own(picture: Picture, reference: str, sha256: str) -> Prediction:
    """The file's SHA-256 is part of the key: another file may come under the same name."""
    del sha256
    return _predicted(picture, reference)


def _predicted(picture: Picture, reference: str) -> Prediction:
    network = entry(reference)
    if network.file.packed is None and not pytorch():
        raise ValueError(f"{network.card.name} runs in PyTorch only. Leave it out.")
    with FORWARD:
        return network.predict(picture)
