"""What the lab panels measure, each thing once.

Data sets belong to everybody; what networks make of pictures stays in the session, since the
pictures and the networks may be its own. What is counted for networks of the zoo is kept for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from design_core.lab.diagnosis import Diagnosis, diagnose
from design_core.lab.perturbation_response import Response, respond
from design_core.lab.strength import Counted
from design_core.lab.subset import Subset, held_out_subset, picture_subset, sample_subset
from design_core.networks.activation import Kernels
from design_core.paths import DATA
from design_core.pictures import Picture
from design_core.pictures.datasets import split_classes
from design_core.pictures.perturbations import PERTURBATIONS
from design_core.zoo.card import OWN
from design_core.zoo.checkpoint import PictureForm
from design_core.zoo.entry import Entry
from design_core.zoo.naming import card_arm
from ui.charts import arm_colour
from ui.networks import FORWARD
from ui.predict.subject import Subject

__all__ = [
    "Counts",
    "Network",
    "Pictures",
    "counts",
    "diagnosed",
    "has_test_set",
    "held_out",
    "networks",
    "picture_of",
    "responded",
    "samples",
]

_DASHES = ("solid", "dash", "dot", "dashdot")


@dataclass(frozen=True, eq=False)
class Network:
    """One of the subject's networks, with its look in charts.

    Parameters
    ----------
    name
        Short and distinct.
    sha256
        Of its file: what its results are kept by.
    colour, dash
        Networks of one activation, or one cut of the picture, share the colour and differ in the
        dash.
    """

    name: str
    reference: str
    entry: Entry
    sha256: str
    colour: str
    dash: str

    @property
    def activation(self) -> str:
        """As recipes write it."""
        return self.entry.checkpoint.spec.activation

    @property
    def is_binary(self) -> bool:
        """Whether its activations are bits."""
        return self.entry.checkpoint.spec.gives_bits


@dataclass(frozen=True, eq=False)
class Pictures:
    """A subset with the key that results on it are kept by."""

    key: tuple[object, ...]
    subset: Subset

    @property
    def is_picture(self) -> bool:
        """Whether it is the picture in view."""
        return self.key[0] == "picture"


def networks(subject: Subject) -> list[Network]:
    """The networks of a subject, in the order of the page."""
    found: list[Network] = []
    told = zip(subject.names, subject.references, subject.entries, strict=True)
    for name, reference, entry in told:
        colour = arm_colour(card_arm(entry.card))
        alike = sum(other.colour == colour for other in found)
        sha256 = entry.card.result(entry.seed).sha256
        found.append(Network(name, reference, entry, sha256, colour, _DASHES[alike % 4]))
    return found


_HASHES: dict[str | type[Any], Callable[[Any], Any]] = {
    Picture: lambda picture: picture.sha256,
    Network: lambda network: network.sha256,
    PictureForm: repr,
    Pictures: lambda pictures: pictures.key,
}
_of_session = st.cache_resource(
    scope="session", max_entries=64, show_spinner=False, hash_funcs=_HASHES
)
_of_all = st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=_HASHES)


@_of_session
def responded(picture: Picture, network: Network, perturbation: str, seed: int) -> Response:
    """A network's answers to a picture over all strengths of a perturbation."""
    checkpoint = network.entry.checkpoint
    pixels = checkpoint.pictures.pixels(picture)[0].numpy()
    with FORWARD:
        return respond(checkpoint, pixels, PERTURBATIONS[perturbation], seed=seed)


def picture_of(picture: Picture, form: PictureForm) -> Pictures:
    """The picture in view, as a subset of one."""
    return Pictures(("picture", picture.sha256, repr(form)), picture_subset(form, picture))


def samples(dataset: str, form: PictureForm) -> Pictures | None:
    """The embedded samples of a data set, None where there are none."""
    found = _samples(dataset, form)
    return None if found is None else Pictures(("samples", dataset, repr(form)), found)


@_of_all
def _samples(dataset: str, form: PictureForm) -> Subset | None:
    return sample_subset(form, dataset)


def has_test_set(dataset: str) -> bool:
    """Whether the test set is on this machine, without reading any picture."""
    return split_classes(dataset, DATA) is not None


class _AbsentError(LookupError):
    """A data set is not there; raised, so that its absence is not kept."""


def held_out(dataset: str, form: PictureForm, count: int) -> Pictures | None:
    """Part of a test set on this machine, None where it is not there; ValueError if damaged."""
    try:
        subset = _held_out(dataset, form, count)
    except _AbsentError:
        return None
    return Pictures(("held out", dataset, repr(form), count), subset)


@_of_all
def _held_out(dataset: str, form: PictureForm, count: int) -> Subset:
    found = held_out_subset(form, dataset, count=count, root=DATA)
    if found is None:
        raise _AbsentError(dataset)
    return found


@_of_session
def diagnosed(network: Network, pictures: Pictures) -> Diagnosis:
    """A network's diagnosis."""
    with FORWARD:
        return diagnose(network.entry.checkpoint, pictures.subset)


class Counts:
    """What was counted of a network on a subset, by kernels. Empty at first; grows as counted."""

    def __init__(self) -> None:
        self._by_kernels: dict[str, Counted] = {}

    def get(self, kernels: Kernels) -> Counted | None:
        """What is known; None for plain Sign is a kernel too."""
        return self._by_kernels.get(self._key(kernels))

    def put(self, kernels: Kernels, counted: Counted) -> None:
        """Keep a count."""
        self._by_kernels[self._key(kernels)] = counted

    @staticmethod
    def _key(kernels: Kernels) -> str:
        """Equal thresholds classify equally, whatever their levels and names."""
        return str([kernel and kernel.thresholds.tolist() for kernel in kernels])


def counts(network: Network, pictures: Pictures) -> Counts:
    """The counts of a network on a subset: shared for the zoo's, the session's for its own."""
    own = network.reference.startswith(OWN)
    return (_own_counts if own else _zoo_counts)(network, pictures)


@st.cache_resource(max_entries=256, show_spinner=False, hash_funcs=_HASHES)
def _zoo_counts(network: Network, pictures: Pictures) -> Counts:
    del network, pictures  # only the key of what will be counted
    return Counts()


@_of_session
def _own_counts(network: Network, pictures: Pictures) -> Counts:
    del network, pictures
    return Counts()
