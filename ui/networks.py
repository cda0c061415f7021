"""The zoo for pages: cards, networks and their predictions, each computed once.

A network belongs to everybody and is shared by all sessions; so are predictions for embedded
samples. What is made of any other picture stays in the session that brought it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from threading import Semaphore

import streamlit as st

from design_core.pictures import Picture
from design_core.samples import SAMPLES, sample
from design_core.zoo.card import Card, load_cards
from design_core.zoo.entry import Entry, Prediction, open_entry

__all__ = ["FORWARD", "cards", "entry", "is_sample", "predictions"]

#: Held during a forward pass: no more of them at a time than there are processors.
FORWARD = Semaphore(os.cpu_count() or 1)

_HASHES = {Picture: lambda picture: picture.sha256}


@st.cache_resource(show_spinner=False)
def cards() -> list[Card]:
    """All cards of the zoo, by name. Shared: do not change the list."""
    return load_cards()


@st.cache_resource(max_entries=64, show_spinner=False)
def entry(reference: str) -> Entry:
    """The network ``NAME@SEED``; ValueError, with a sentence for people, if there is none."""
    return open_entry(reference)


def predictions(picture: Picture, references: Sequence[str]) -> dict[str, Prediction]:
    """What each network says of the picture, by reference; ValueError as `entry`."""
    predicted = _of_sample if is_sample(picture) else _of_picture
    return {reference: predicted(picture, reference) for reference in references}


def is_sample(picture: Picture) -> bool:
    """Whether the picture is an embedded sample, to the byte: one that is nobody's own."""
    return picture.name in SAMPLES and sample(picture.name).sha256 == picture.sha256


@st.cache_resource(max_entries=2048, show_spinner=False, hash_funcs=_HASHES)
def _of_sample(picture: Picture, reference: str) -> Prediction:
    return _predicted(picture, reference)


@st.cache_resource(scope="session", max_entries=64, show_spinner=False, hash_funcs=_HASHES)
def _of_picture(picture: Picture, reference: str) -> Prediction:
    return _predicted(picture, reference)


def _predicted(picture: Picture, reference: str) -> Prediction:
    network = entry(reference)
    with FORWARD:
        return network.predict(picture)
