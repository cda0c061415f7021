"""Networks that give each pixel a class, and their maps, each computed once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from design_core.pictures import Picture
from design_core.segmentation.scores import SEGMENTATION
from design_core.zoo.arms import ARMS
from design_core.zoo.card import Card, load_cards
from design_core.zoo.entry import Entry, open_entry
from ui.networks import FORWARD, stamp
from ui.pytorch import pytorch

__all__ = ["BESIDE", "class_map", "pixel_cards", "pixel_entry"]

#: Arms that are shown beside Sign, by their keys.
BESIDE = ("design2d", "uniform", "hardtanh")

_HASHES: dict[str | type[Any], Callable[[Any], Any]] = {Picture: lambda picture: picture.sha256}


def pixel_cards() -> dict[str, Card]:
    """Cards by the key of their arm: Sign first, then those of `BESIDE` that are trained."""
    return _cards(stamp())


@st.cache_resource(max_entries=1, show_spinner=False)
def _cards(key: str) -> dict[str, Card]:
    """Read anew when a card has changed; its network may have too, and is forgotten."""
    del key
    pixel_entry.clear()
    class_map.clear()
    found = {card.activation: card for card in load_cards(task=SEGMENTATION)}
    arms = {key: found.get(ARMS[key].activation) for key in ("sign", *BESIDE)}
    return {key: card for key, card in arms.items() if card is not None}


@st.cache_resource(max_entries=16, show_spinner=False)
def pixel_entry(reference: str) -> Entry:
    """The network ``NAME@SEED``."""
    return open_entry(reference, task=SEGMENTATION)


@st.cache_resource(scope="session", max_entries=64, show_spinner=False, hash_funcs=_HASHES)
def class_map(picture: Picture, reference: str) -> NDArray[np.int64]:
    """The class of every pixel, (H, W); ValueError where PyTorch is needed and missing."""
    network = pixel_entry(reference)
    if network.file.packed is None and not pytorch():
        raise ValueError(f"{network.card.name} runs in PyTorch only. Choose another.")
    with FORWARD:
        return network.class_map(picture)
