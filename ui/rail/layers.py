"""A layer of a trained network as feature maps: which one, and what a link holds of it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from design_core.kernels.kernel import ThresholdKernel
from design_core.zoo.card import OWN
from ui.links.fields import Field, State
from ui.networks import card_of, cards
from ui.pytorch import pytorch
from ui.rail import keys

__all__ = ["LAYER", "LAYER_FIELD", "choose_layer", "layer_source", "own_levels"]

#: Stands among the sources for a layer.
LAYER = "layer"

_NETWORK, _BLOCK = "layer_network", "layer_block"
_PART, _SEED = "~", "-s"  # between network and block in a link; for the @ of a reference
_FIRST = "@0"


def _networks() -> list[str]:
    return [f"{card.name}{_FIRST}" for card in cards() if not card.name.startswith(OWN)]


def layer_source(state: State) -> str:
    """What `extract_maps` takes for the layer of a state; its first network's if none is chosen."""
    network = state.get(_NETWORK) or _networks()[0]
    blocks = card_of(network)[0].blocks
    block = state.get(_BLOCK)
    return f"layer:{network}:{block if block in blocks else blocks[0]}"


def choose_layer() -> str:
    """Draw the controls for network and block; the source, empty where PyTorch is missing."""
    if not pytorch():
        return ""
    networks = _networks()
    network = st.selectbox(
        "Network",
        networks,
        format_func=lambda reference: reference.removesuffix(_FIRST),
        key=_NETWORK,
        persist_state="session",
        help="The picture is brought to the size that the network was trained on.",
    )
    blocks = card_of(str(network))[0].blocks
    if st.session_state.get(_BLOCK) not in blocks:
        st.session_state[_BLOCK] = blocks[0]
    st.selectbox("Layer", blocks, key=_BLOCK, persist_state="session")
    return layer_source(st.session_state)


def own_levels(source: str) -> ThresholdKernel | None:
    """The kernel that the layer's network was trained with; None where it has none."""
    from design_core.networks.activation import activation_kernels

    reference = source.removeprefix(f"{LAYER}:").partition(":")[0]
    kernels = activation_kernels(card_of(reference)[0].activation)
    return next((kernel for kernel in kernels if kernel is not None), None)


def _read(state: State) -> str:
    if state.get(keys.SOURCE) != LAYER:
        return ""
    _, network, block = layer_source(state).split(":")
    return f"{network.replace('@', _SEED)}{_PART}{block}"


def _write(code: str) -> dict[str, Any]:
    if not code:
        return {}
    network, _, block = code.partition(_PART)
    known = {one.replace("@", _SEED): one for one in _networks()}
    if network not in known or block not in card_of(known[network])[0].blocks:
        raise ValueError(f"there is no layer {code[:60]!r} here")
    return {_NETWORK: known[network], _BLOCK: block}


#: Network and block in a link.
LAYER_FIELD = Field("layer", _read, _write)
