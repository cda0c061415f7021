"""Which networks the Predict page asks."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from design_core.pictures.samples import sample_names
from design_core.zoo import naming
from design_core.zoo.arms import ARMS, PICTURE_ARMS
from design_core.zoo.naming import card_arm, list_network
from ui.charts import arm_colour
from ui.chips import colour_chips
from ui.networks import card_of, cards, tell_damaged
from ui.predict import keys
from ui.predict.picture import GROUPS, WAYS

__all__ = [
    "MOST",
    "choose_networks",
    "colour_networks",
    "data_sets",
    "first_networks",
    "keep_choice",
    "network_label",
    "offered",
    "take_own",
]

#: Networks side by side at most.
MOST = 4

_ORDER = [arm.activation for arm in ARMS.values()]
_FIRST = ("sign", "design:2x2-v2")
_FIRST_PICTURES = tuple(PICTURE_ARMS[key].activation for key in ("sign", "phases2"))


def data_sets() -> list[str]:
    """Data sets that there are networks for."""
    return naming.data_sets(cards())


def offered(dataset: str) -> list[str]:
    """References of all networks of a data set: the longest trained first, Sign before the rest."""
    found = [
        (
            -int(card.recipe.get("epochs", 0)),
            not card.affine,
            _ORDER.index(card.activation) if card.activation in _ORDER else len(_ORDER),
            seed,
            card.name,
        )
        for card in cards()
        if card.dataset == dataset
        for seed in card.seeds
    ]
    return [f"{name}@{seed}" for *_, seed, name in sorted(found)]


def first_networks(dataset: str) -> list[str]:
    """The pair to begin with: one-bit pictures by Sign and by a pattern, which differ most; else
    Sign and DeSign 2D in hidden layers, alike in all else; else the first two.
    """
    references = offered(dataset)
    if pair := _picture_pair(references):
        return pair
    for reference in references:
        card, seed = card_of(reference)
        if card.activation != _FIRST[0] or card.about_the_picture:
            continue
        for other in references:
            partner, its_seed = card_of(other)
            alike = {**partner.network, "activation": _FIRST[0]} == card.network
            same = partner.recipe.get("epochs") == card.recipe.get("epochs") and seed == its_seed
            if partner.activation == _FIRST[1] and alike and same:
                return [reference, other]
    return references[:2]


def _picture_pair(references: list[str]) -> list[str]:
    """Sign and Bayer with a phase per colour at the picture, of one seed; empty without them."""
    found: dict[tuple[str, int], str] = {}
    for reference in references:
        card, seed = card_of(reference)
        if card.about_the_picture and card.network.get("in_channels", 3) == 3:
            found.setdefault((card.picture, seed), reference)
    for seed in sorted({seed for _, seed in found}):
        pair = [found.get((cut, seed), "") for cut in _FIRST_PICTURES]
        if all(pair):
            return pair
    return []


def take_own(came: str) -> Callable[[str], None]:
    """What shows a network that was just brought along, beside one that is shown already.

    Parameters
    ----------
    came
        The page's key for it.
    """
    return lambda reference: st.session_state.update({came: reference})


def _show_what_came() -> None:
    came = st.session_state.pop(keys.CAME, "")
    if not came:
        return
    dataset = card_of(came)[0].dataset
    st.session_state[keys.DATA] = dataset
    beside = [one for one in st.session_state.get(keys.NETWORKS, ()) if one != came]
    beside = [one for one in beside if card_of(one)[0].dataset == dataset]
    st.session_state[keys.NETWORKS] = [came, *(beside or first_networks(dataset))[:1]]


def choose_networks() -> list[str]:
    """Draw the controls and return references of the chosen networks, at most `MOST`."""
    _show_what_came()
    dataset = st.segmented_control(
        "Networks trained on",
        data_sets(),
        format_func=naming.data_set_heading,
        default=data_sets()[0],
        required=True,
        key=keys.DATA,
        persist_state="session",
        width="stretch",
        on_change=_turn_to_data,
        help="Networks are compared on the data set that they were trained on; each set has its "
        "own picture size and classes.",
    )
    references = offered(str(dataset))
    keep_choice(keys.NETWORKS, references, lambda: first_networks(str(dataset)))
    chosen: list[str] = st.multiselect(
        "Networks",
        references,
        format_func=network_label,
        max_selections=MOST,
        key=keys.NETWORKS,
        persist_state="session",
        placeholder="Choose two to four",
        label_visibility="collapsed",
    )
    colour_networks(keys.NETWORKS, chosen)
    tell_damaged()
    return chosen


def colour_networks(key: str, references: list[str]) -> None:
    """Show the networks chosen in a list in the colours that their answers have."""
    colour_chips(key, [arm_colour(card_arm(card_of(reference)[0])) for reference in references])


def keep_choice(key: str, references: list[str], first: Callable[[], list[str]]) -> None:
    """Leave in a session's choice what is still offered; `first` is the choice where none is."""
    held = st.session_state.get(key)
    kept = [reference for reference in held or () if reference in references]
    if held is None or kept != list(held):
        st.session_state[key] = kept or first()


def network_label(reference: str) -> str:
    """A network in one line of a list."""
    card, seed = card_of(reference)
    return list_network(card, seed)


def _turn_to_data() -> None:
    """Show samples of the set that the networks were trained on, if samples are shown at all."""
    dataset = st.session_state[keys.DATA]
    if st.session_state.get(keys.WAY, WAYS[0]) == WAYS[0] and dataset in GROUPS:
        st.session_state[keys.GROUP] = dataset
        st.session_state[keys.SAMPLE] = sample_names(dataset)[0]
