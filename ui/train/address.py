"""The address of Train: pictures, network, what is compared, how long. A ZIP file stays here."""

from __future__ import annotations

from design_core.jobs.contest import LENGTHS, NETWORKS
from design_core.zoo.arms import ARMS, PICTURE_ARMS
from ui.links.fields import Address, choice, slug, whole
from ui.train import keys

__all__ = [
    "ACTIVATION",
    "ACTIVATIONS",
    "CUTS",
    "DESK",
    "DIFFERENCES",
    "DIGITS",
    "FIRST",
    "MOST_SEED",
    "SOURCES",
    "TEXTURES",
    "TRAIN",
    "UPLOAD",
]

DIGITS, TEXTURES, UPLOAD, SET = "Digits", "Grass or gravel", "Your ZIP file", "A data set"
SOURCES = (DIGITS, TEXTURES, UPLOAD, SET)
ACTIVATION, CUT = "Activation", "Cut of the picture"
DIFFERENCES = (ACTIVATION, CUT)
#: Stands for the kernel that lies on Design's desk.
DESK = "desk"

ACTIVATIONS = (
    *(ARMS[key].activation for key in ("sign", "design2d", "uniform", "design3d", "own")),
    *(ARMS[key].activation for key in ("centred", "hardtanh")),
    DESK,
)
CUTS = tuple(
    PICTURE_ARMS[key].activation
    for key in ("real", "sign", "phases2", "bayer4", "rsign", "thermometer4")
)
#: What each side opens with.
FIRST = {ACTIVATION: (ACTIVATIONS[0], ACTIVATIONS[1]), CUT: (CUTS[1], CUTS[2])}
MOST_SEED = 9999

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
                options,
                FIRST[difference][side],
                name=f"{('activation', 'picture')[difference == CUT]}{side + 1}",
                code=slug,
            )
            for difference, options in ((ACTIVATION, ACTIVATIONS), (CUT, CUTS))
            for side in (0, 1)
        ),
        choice(keys.LENGTH, tuple(LENGTHS), next(iter(LENGTHS)), name="length"),
        whole(keys.SEED, 0, MOST_SEED, 0, name="seed"),
    ),
)
