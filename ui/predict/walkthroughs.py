"""Walks through two networks, each computed once per session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from design_core.kernels.kernel import ThresholdKernel
from design_core.lab.walkthrough import Walk, Walker, walk
from design_core.pictures import Picture
from ui.networks import FORWARD, entry

__all__ = ["Side", "walked"]


@dataclass(frozen=True)
class Side:
    """One of the two networks on a walk.

    Parameters
    ----------
    reference
        As `ui.networks.entry` takes it.
    swapped
        Whether its thresholds are exchanged for `kernel`; else it is as trained.
    kernel
        None for plain Sign.
    at_picture
        Whether it is the picture's cut that is exchanged, not the activations.
    """

    reference: str
    swapped: bool = False
    kernel: ThresholdKernel | None = None
    at_picture: bool = False

    @property
    def content(self) -> tuple[object, ...]:
        """What the maps depend on, and nothing else."""
        network = entry(self.reference)
        kernel = None if self.kernel is None else str(self.kernel.to_dict())
        sha256 = network.card.result(network.seed).sha256
        return sha256, self.swapped, kernel, self.at_picture

    def walker(self) -> Walker:
        """The network itself."""
        checkpoint = entry(self.reference).checkpoint
        if self.swapped and self.at_picture:
            return Walker.seeing(checkpoint, self.kernel)
        if self.swapped:
            return Walker.swapped(checkpoint, self.kernel)
        return Walker.trained(checkpoint)


def _content(side: Any) -> tuple[object, ...]:
    found: tuple[object, ...] = side.content
    return found


@st.cache_resource(
    scope="session",
    max_entries=8,
    show_spinner=False,
    hash_funcs={Picture: lambda picture: picture.sha256, Side: _content},
)
def walked(picture: Picture, first: Side, second: Side) -> Walk:
    """Both networks on one picture; ValueError where they cannot be compared layer by layer."""
    with FORWARD:
        return walk(picture, first.walker(), second.walker())
