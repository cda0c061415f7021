"""The address of Live: the networks at hand, and what is on screen."""

from __future__ import annotations

from typing import Any

from design_core.zoo.card import OWN
from ui.links.fields import Address, Field, State, text
from ui.live import keys
from ui.live.choice import first_live, runnable
from ui.live.component import MAX_STATE
from ui.predict.choice import MOST, data_sets

__all__ = ["LIVE", "STATE"]

#: Where the session keeps what is on screen, see `ui.live.LiveAnswer`.
STATE = "live_state"

_PART = "."  # between networks
_SEED = "-s"  # stands for the @ of a reference


def _read_networks(state: State) -> str:
    first = data_sets()[0]
    dataset = state.get(keys.DATA, first)
    chosen = list(state.get(keys.NETWORKS, first_live(dataset)))
    if chosen == first_live(dataset):
        return "" if dataset == first else dataset
    if any(reference.startswith(OWN) for reference in chosen):
        raise ValueError("Networks of your own stay here: no link holds them.")
    return _PART.join(reference.replace("@", _SEED) for reference in chosen)


def _write_networks(code: str) -> dict[str, Any]:
    dataset = code or data_sets()[0]
    if dataset in data_sets():
        return {keys.DATA: dataset, keys.NETWORKS: first_live(dataset)}
    asked = list(dict.fromkeys(code.split(_PART)))[:MOST]
    for dataset in data_sets():
        known = {one.replace("@", _SEED): one for one in runnable(dataset)}
        if set(asked) <= set(known):
            return {keys.DATA: dataset, keys.NETWORKS: [known[one] for one in asked]}
    raise ValueError(f"{asked[0][:60]!r} and the others are no networks of one data set here")


LIVE = Address(
    "live",
    (),
    (
        Field("networks", _read_networks, _write_networks),
        text(STATE, MAX_STATE, name="view"),
    ),
)
