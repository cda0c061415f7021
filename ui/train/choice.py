"""What is compared on Train: the network, two activations or picture cuts, how long, which seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from design_core.jobs.contest import LENGTHS, NETWORKS
from design_core.kernels.spec import encode_kernel
from design_core.zoo.arms import Arm, arm_of, picture_arm
from ui.design.desk import desk
from ui.train import keys
from ui.train.address import ACTIVATION, DESK, DIFFERENCES, FIRST, MOST_SEED, sides

__all__ = ["Choice", "choose"]

# Sign is grey and DeSign the accent, as everywhere; other arms have colours of their own.
_INK = {"sign": "var(--tr-sign)", "this": "var(--tr-this)", "text": "var(--tr-text)"}
_SECOND = "#D55E00"  # of the right side where both would be alike
_DESIGNED = Arm("", DESK, "Your kernel of Design", "Your kernel of Design", "this")


@dataclass(frozen=True)
class Choice:
    """Two networks to be.

    Parameters
    ----------
    option
        What differs, as recipes call it.
    values, names, colours
        Of both sides.
    """

    network: str
    option: str
    values: tuple[str, str]
    names: tuple[str, str]
    colours: tuple[str, str]
    length: str
    seed: int


def choose() -> Choice:
    """Draw the controls."""
    network = st.selectbox(
        "Network",
        list(NETWORKS),
        key=keys.NETWORK,
        persist_state="session",
        help="tiny is a VGG-small of two stages and width 16. The number behind vgg_small is its "
        "width, the channels of its first stage; it has three.",
    )
    differs = str(
        st.segmented_control(
            "What differs",
            DIFFERENCES,
            default=ACTIVATION,
            required=True,
            key=keys.DIFFERS,
            persist_state="session",
            width="stretch",
            help="Everything else is the same: first weights, batches, augmentation, seed. With a "
            "cut of the picture, both networks have Sign in their hidden layers.",
        )
    )
    is_activation = differs == ACTIVATION
    find = arm_of if is_activation else picture_arm
    options = sides(differs)
    left, right = (
        str(
            st.selectbox(
                label,
                options,
                index=options.index(FIRST[differs][side]),
                format_func=lambda option: _side(option, find).short,
                key=keys.of_side(differs, side),
                persist_state="session",
            )
        )
        for side, label in enumerate(("Left", "Right"))
    )
    length = st.segmented_control(
        "Length",
        list(LENGTHS),
        default=next(iter(LENGTHS)),
        required=True,
        key=keys.LENGTH,
        persist_state="session",
        width="stretch",
        help=", ".join(f"{name}: {steps:,} steps or more" for name, steps in LENGTHS.items()) + ".",
    )
    seed = st.number_input(
        "Seed",
        0,
        MOST_SEED,
        key=keys.SEED,
        persist_state="session",
        help="Of the first weights and of the order of the pictures, for both alike.",
    )
    first, second = _side(left, find), _side(right, find)
    colours = _ink(first), _ink(second)
    return Choice(
        str(network),
        "activation" if is_activation else "picture",
        (_value(left), _value(right)),
        (first.short, second.short),
        colours if colours[0] != colours[1] else (colours[0], _SECOND),
        str(length),
        int(seed),
    )


def _value(option: str) -> str:
    return f"design:code={encode_kernel(desk().kernel)}" if option == DESK else option


def _side(option: str, find: Callable[[str], Arm]) -> Arm:
    return _DESIGNED if option == DESK else find(option)


def _ink(arm: Arm) -> str:
    return _INK.get(arm.colour, arm.colour)
