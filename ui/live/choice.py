"""Which networks Live runs, and what its film shows."""

from __future__ import annotations

import streamlit as st

from design_core.browser.bundle import Film, bundle, pictures_film, samples_film
from design_core.networks.facts import PLANE_OPTIONS
from design_core.paths import DATA
from design_core.pictures.datasets import open_split
from design_core.pictures.picture_set import DatasetError
from design_core.pictures.samples import sample_group
from design_core.zoo import naming
from design_core.zoo.card import OWN, Card
from design_core.zoo.naming import describe_network, distinct_names
from design_core.zoo.network_file import PictureForm
from ui.live import keys
from ui.networks import card_of, entry
from ui.predict.choice import (
    MOST,
    colour_networks,
    data_sets,
    first_networks,
    keep_choice,
    network_label,
    offered,
)

__all__ = ["choose_networks", "first_live", "live_bundle", "network_files", "runnable"]

_DIFFUSED = "floyd-steinberg"
_FRAMES = 300  # of a film made of a data set, at most


def runnable(dataset: str) -> list[str]:
    """References of the networks of a data set that keep to bits."""
    return [one for one in offered(dataset) if _keeps_to_bits(card_of(one)[0])]


def _keeps_to_bits(card: Card) -> bool:
    """On the engine: one bit by one bit, and no errors that are handed from pixel to pixel."""
    one = all(int(card.network.get(key, 1)) == 1 for key in PLANE_OPTIONS)
    return one and card.gives_bits and card.picture != _DIFFUSED


def first_live(dataset: str) -> list[str]:
    """The pair to begin with."""
    references = runnable(dataset)
    kept = [one for one in first_networks(dataset) if one in references]
    return kept or references[:2]


def choose_networks() -> list[str]:
    """Draw the controls and return references of the chosen networks."""
    if came := st.session_state.pop(keys.CAME, ""):  # one brought along, under two kernels
        dataset = card_of(came)[0].dataset
        if came in runnable(dataset):
            st.session_state[keys.DATA], st.session_state[keys.NETWORKS] = dataset, [came]
    dataset = st.segmented_control(
        "Networks trained on",
        data_sets(),
        format_func=naming.data_set_heading,
        default=data_sets()[0],
        required=True,
        key=keys.DATA,
        persist_state="session",
        width="stretch",
    )
    references = runnable(str(dataset))
    keep_choice(keys.NETWORKS, references, lambda: first_live(str(dataset)))
    chosen: list[str] = st.multiselect(
        "Networks at hand",
        references,
        format_func=network_label,
        max_selections=MOST,
        key=keys.NETWORKS,
        persist_state="session",
        placeholder="Choose one to four",
        help="Two of them run side by side; one alone runs under two kernels. Networks that pass "
        "real values on are not among them: the page computes with bits.",
    )
    colour_networks(keys.NETWORKS, chosen)
    return chosen


@st.cache_resource(max_entries=64, show_spinner=False)
def _network_file(reference: str, name: str, about: str) -> bytes:
    from design_core.browser.network import live_network

    return live_network(entry(reference).checkpoint, name=name, about=about, key=reference)


def network_files(references: list[str]) -> list[bytes]:
    """The networks as browsers get them; ValueError, in words, where one cannot run there."""
    from design_core.browser.network import live_network

    cards = [card_of(reference) for reference in references]
    files = []
    for reference, name, card in zip(references, distinct_names(cards), cards, strict=True):
        about = describe_network(*card)
        if reference.startswith(OWN):  # of this session alone
            files.append(live_network(entry(reference).checkpoint, name=name, about=about))
        else:
            files.append(_network_file(reference, name, about))
    return files


def live_bundle(references: list[str], dataset: str, *, key: str) -> bytes:
    """Networks of a data set with their film, for `ui.live.live`; ValueError as `network_files`."""
    files = network_files(references)
    return bundle(files, film_of(dataset, entry(references[0]).pictures), key=key)


@st.cache_resource(max_entries=8, show_spinner="Preparing the film …")
def film_of(dataset: str, form: PictureForm) -> Film:
    """Test pictures of the data set if it is at hand, else samples."""
    try:
        found = open_split(dataset, DATA)
    except DatasetError:
        found = None
    if found is None:
        return samples_film(form, sample_group(dataset, form.shape[0]))
    places = range(min(_FRAMES, len(found)))
    return pictures_film(
        form,
        [found.picture(k) for k in places],
        [found.class_names[found.label(k)] for k in places],
    )
