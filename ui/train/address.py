"""The address of Train: pictures, network, what is compared, how long. A ZIP file stays here."""

from __future__ import annotations

from functools import partial

from design_core.jobs.contest import LENGTHS, NETWORKS
from design_core.zoo.arms import ARMS, PICTURE_ARMS
from ui.links.fields import Address, choice, slug, whole
from ui.train import keys

__all__ = [
    "ACTIVATION",
    "DESK",
    "DIFFERENCES",
    "DIGITS",
    "FIRST",
    "MOST_SEED",
    "SOURCES",
    "TEXTURES",
    "TRAIN",
    "UPLOAD",
    "sides",
]

DIGITS, TEXTURES, UPLOAD, SET = "Digits", "Grass or gravel", "Your ZIP file", "A data set"
SOURCES = (DIGITS, TEXTURES, UPLOAD, SET)
ACTIVATION, CUT = "Activation", "Cut of the picture"
DIFFERENCES = (ACTIVATION, CUT)
#: Stands for the kernel that lies on Design's desk.
DESK = "desk"

#: What each side opens with.
FIRST = {
    ACTIVATION: (ARMS["sign"].activation, ARMS["design2d"].activation),
    CUT: (PICTURE_ARMS["sign"].activation, PICTURE_ARMS["phases2"].activation),
}
MOST_SEED = 9999


def sides(difference: str) -> list[str]:
    """What each side can have: all arms, as recipes call them, those that others add among them,
    and the kernel of Design.
    """
    arms = ARMS if difference == ACTIVATION else PICTURE_ARMS
    return [*dict.fromkeys(arm.activation for arm in arms.values()), DESK]


TRAIN = Address(
    "train",
    (),
    (
        choice(keys.SOURCE, SOURCES, DIGITS, name="pictures"),
        choice(keys.NETWORK, tuple(NETWORKS), next(iter(NETWORKS)), name="network"),
        choice(keys.DIFFERS, DIFFERENCES, ACTIVATION, name="differs"),
        *(
            choice(
                keys.of_side(difference, side),
                partial(sides, difference),
                FIRST[difference][side],
                name=f"{('activation', 'picture')[difference == CUT]}{side + 1}",
                code=slug,
            )
            for difference in DIFFERENCES
            for side in (0, 1)
        ),
        choice(keys.LENGTH, tuple(LENGTHS), next(iter(LENGTHS)), name="length"),
        whole(keys.SEED, 0, MOST_SEED, 0, name="seed"),
    ),
)
